export { catchUp, type CatchUp } from "./condition/catch-up.ts";
export { createCronClock, type CronClock } from "./condition/cron-clock.ts";
export type { Condition } from "./condition/condition.ts";
export { describeCondition, listCronTicks } from "./condition/describe-condition.ts";
export type { Happenings } from "./evaluate/asset-facts.ts";
export {
  findDue,
  findNextTick,
  listWatched,
  widenDue,
  type Automation,
  type AutomationState,
} from "./evaluate/automation-state.ts";
export { evaluateAutomations, type EvaluateOptions, type Evaluation } from "./evaluate/evaluate-automations.ts";
export { explainEvaluation, type ExplainedStep } from "./evaluate/explain-evaluation.ts";
export { readAutomationState } from "./evaluate/read-state.ts";
export { namePartitions } from "./evaluate/name-partitions.ts";
