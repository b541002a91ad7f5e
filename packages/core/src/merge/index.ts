export {
  admitBatch,
  makeBatchId,
  makeBatchKey,
  type Admission,
  type BatchScope,
  type IncomingBatch,
  type KnownBatch,
  type Restatement,
} from "./batch.ts";
export { foldHistory, type MergedHistory, type MergeHistory } from "./batch-set.ts";
export { checkMergePolicy } from "./check-policy.ts";
export type { Contribution, MergeSpec, Operation } from "./contribution.ts";
export { isEventTimeType, type EventTimeFault } from "./event-time.ts";
export { addFates, noFates, totalFates, type Fate, type FateCounts } from "./fates.ts";
export { fold, type Fold, type FoldedRow } from "./fold.ts";
export { planFold, type CellGroup, type FoldBatch, type FoldPlan, type Presence } from "./fold-plan.ts";
export { canonicalKey, isKeyType, keyColumns, type CanonicalKey, type KeyFault } from "./key.ts";
export { type Digit, type Extent, type PackedOrder } from "./packed-order.ts";
export {
  batchStandings,
  type BatchStanding,
  type Cut,
  type CutDecision,
  type CutInput,
  type CutLeg,
  type LegState,
} from "./cut/cut.ts";
export type { Epoch, EpochField, EpochStep } from "./epoch/epoch.ts";
export type { LateClass, LatePolicy } from "./late/late-policy.ts";
export type { MergeOrder, Retention } from "./orders.ts";
export {
  cellPolicies,
  rowPolicies,
  type CellPolicy,
  type MergeBranch,
  type MergePolicy,
  type RowPolicy,
} from "./policy.ts";
export {
  sealBatch,
  type DeliveredBatch,
  type DeliveredRow,
  type RejectionReason,
  type SealedBatch,
  type Sealing,
} from "./seal-batch.ts";
export { operationRanks, type TokenOrder } from "./token.ts";
