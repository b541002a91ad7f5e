export type { Check, CheckMeasurement, RowPredicate } from "./check.ts";
export { countRowIssues, type RowIssueCounter } from "./count-row-issues.ts";
export { deriveChecks, type DerivedChecks } from "./derive-checks.ts";
export { evaluatePredicate } from "./evaluate-predicate.ts";
export {
  describeVerdict,
  gateFailed,
  judgeChecks,
  judgeFailures,
  type GateFailure,
  type JudgedRows,
  type Verdict,
} from "./judge.ts";
