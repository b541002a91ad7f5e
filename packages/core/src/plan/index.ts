export { buildPlan, type BuildPlanOptions } from "./build-plan.ts";
export {
  computeCommitId,
  fingerprintInput,
  isSameWork,
  type CommitIdentity,
  type ReadPartition,
} from "./identity/commit-id.ts";
export { describePartitions, describeRunReason, describeSkipReason, explainPlan } from "./render/explain-plan.ts";
export { fingerprintOrders, ordersPosition, type IdentifyingOrder } from "./identity/order-fingerprint.ts";
export { parsePlan, renderPlanJson } from "./render/plan-json.ts";
export { createHeadTable, type HeadTable } from "./state/head-table.ts";
export {
  assessAsset,
  type Assessment,
  type Freshness,
  type FreshnessGroup,
  type StaleReason,
} from "./decide/find-stale.ts";
export { listAssetSteps, listSteps, type AssetSteps, type PlanStep } from "./steps/list-steps.ts";
export type {
  OrdinalRange,
  Plan,
  PlannedAsset,
  PlannedGroup,
  PlannedInput,
  PlanRequest,
  RunReason,
  SkippedGroup,
  SkipReason,
} from "./plan.ts";
export { listPlannedInputs } from "./planned-inputs.ts";
export { createPlanningState, type PlanningInput, type PlanningState } from "./state/planning-state.ts";
export type { RankedSet } from "./ranked-set.ts";
export type { HeadState, StateSnapshot } from "./state/state-snapshot.ts";
export {
  createStepDependencies,
  type PendingRange,
  type StepDependencies,
  type StepInput,
  type StepRange,
} from "./steps/step-dependencies.ts";
