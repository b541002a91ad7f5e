export { classifyError, type ErrorClassification } from "./classify/classify-error.ts";
export { causes, type CauseFacts, type FailureCause, type FailureClass } from "./classify/failure-cause.ts";
export type { CodeFacts } from "./code-facts.ts";
export { codes, type ErrorCode } from "./codes.ts";
export type { Problem, SourceLocation } from "./problem.ts";
export { renderProblem, type RenderOptions } from "./render-problem.ts";
export { unreachable } from "./unreachable.ts";
export { isWatersmeetError, WatersmeetError, type ErrorDetails, type ErrorOptions } from "./watersmeet-error.ts";
