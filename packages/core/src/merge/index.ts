export {
  admitBatch,
  makeBatchId,
  makeBatchKey,
  restatementOf,
  type Admission,
  type BatchScope,
  type IncomingBatch,
  type KnownBatch,
  type Restatement,
} from "./batch/batch.ts";
export { standBatches, type BatchPart, type StandingBatch } from "./batch/stand-batches.ts";
export { foldHistory, type MergedHistory, type MergeHistory } from "./batch/batch-set.ts";
export { diffSnapshot, type SnapshotDifference, type SnapshotRequest } from "./batch/diff-snapshot.ts";
export { findOpenLegs, type WindowEnd } from "./cut/find-open-legs.ts";
export { checkPartitionBy } from "./check-partition-by.ts";
export { checkMergePolicy } from "./check-policy.ts";
export type { Contribution, MergeSpec, Operation, Reducer } from "./contribution/contribution.ts";
export { readFeedRow } from "./batch/read-feed-row.ts";
export { checkReducers, type ReducingMerge } from "./custom/check-reducers.ts";
export { isEventTimeType, type EventTimeFault } from "./contribution/event-time.ts";
export { addFates, noFates, totalFates, type Fate, type FateCounts } from "./fold/fates.ts";
export { cellRules, type CellRule } from "./fold/cell-policies.ts";
export { compareValues } from "./fold/compare-values.ts";
export { greatestSum } from "./fold/exact-sum.ts";
export { fold, type Fold } from "./fold/fold.ts";
export {
  planFold,
  type AggregateCell,
  type CellGroup,
  type FoldBatch,
  type FoldPlan,
  type Presence,
} from "./plan/fold-plan.ts";
export type { FoldedRow } from "./fold/fold-rows.ts";
export { canonicalKey, isKeyType, keyColumns, type CanonicalKey, type KeyFault } from "./contribution/key.ts";
export { type BucketDigit, type Digit, type Extent, type PackedOrder } from "./plan/packed-order.ts";
export {
  batchStandings,
  type BatchStanding,
  type Cut,
  type CutDecision,
  type CutInput,
  type CutLeg,
  type LegState,
} from "./cut/cut.ts";
export { buildCut, namePolicyVersion, type CutFacts, type LegFacts } from "./cut/build-cut.ts";
export {
  checkAlignment,
  type AlignmentFacts,
  type AlignmentLeg,
  type AlignmentProblem,
} from "./cut/check-alignment.ts";
export type { DescendingLeg, Descent, Skew } from "./cut/find-skews.ts";
export { mergeWatermark } from "./cut/merge-watermark.ts";
export { nameCut } from "./cut/name-cut.ts";
export { assignEpoch, hashEpoch } from "./epoch/assign-epoch.ts";
export { buildUpcast, type SaidRow, type Upcaster, type UpcastRow } from "./epoch/build-upcast.ts";
export {
  checkEpochChain,
  checkEpochs,
  compareWithEpochs,
  type EpochCheck,
  type EpochComparison,
} from "./epoch/check-epochs.ts";
export { compareEpochs, type EpochChange, type EpochChangeKind } from "./epoch/compare-epochs.ts";
export type { Epoch, EpochField, EpochStep } from "./epoch/epoch.ts";
export {
  planEpochReading,
  type ColumnReading,
  type EpochChain,
  type EpochReading,
  type UpcastStep,
} from "./epoch/plan-epoch-reading.ts";
export { listEpochFields } from "./epoch/list-epoch-fields.ts";
export { amendmentsLeft, type PastCut } from "./late/amendments.ts";
export type { LateClass, LatePolicy } from "./late/late-policy.ts";
export {
  classify,
  isFuture,
  lateBase,
  lateBounds,
  treatLate,
  type LateBounds,
  type LatenessTerms,
  type LateTreatment,
} from "./late/lateness.ts";
export { settledBefore, type SettlingTerms } from "./late/settled-before.ts";
export {
  sourceWatermark,
  type ProgressBatch,
  type ProgressTerms,
  type SourceProgress,
} from "./late/source-watermark.ts";
export type { MergeOrder, Retention } from "./orders.ts";
export {
  cellPolicies,
  cellPolicyOf,
  rowPolicies,
  type CellPolicy,
  type MergeBranch,
  type MergePolicy,
  type RowPolicy,
} from "./policy.ts";
export { rowRules, type RowRule } from "./fold/row-policies.ts";
export {
  sealBatch,
  type DeliveredBatch,
  type DeliveredRow,
  type RejectionReason,
  type SealedBatch,
  type Sealing,
} from "./batch/seal-batch.ts";
export {
  encodeToken,
  hashCells,
  hashedColumns,
  operationRanks,
  tokenParts,
  type TokenOrder,
  type TokenParts,
} from "./contribution/token.ts";
