export type {
  OrdinalRange,
  Plan,
  PlannedAsset,
  PlannedGroup,
  PlanRequest,
  RunReason,
  SkippedGroup,
  SkipReason,
} from "./plan.ts";
export type { HeadState, StateSnapshot } from "./state-snapshot.ts";
