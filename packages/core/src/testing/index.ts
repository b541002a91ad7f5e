export { canonicalVectors, type CanonicalVector } from "./canonical-vectors.ts";
export {
  goldenBatches,
  goldenEventTime,
  goldenSets,
  goldenSpec,
  type GoldenBatch,
  type GoldenSet,
} from "./merge-golden.ts";
export { compareSplit, type SplitDifference } from "./compare-split.ts";
export { fake } from "./fake.ts";
export { fakeCtx, type FakeCtx, type FakeCtxOptions } from "./fake-ctx.ts";
export { runAsset } from "./run-asset.ts";
export {
  decidedHistories,
  mergeHistories,
  type DecidedHistory,
  type GeneratedHistory,
  type HistoryOptions,
} from "./merge-histories.ts";
export { historyColumns, historyEventTime } from "./merge-history-columns.ts";
export { tokenVectors, type TokenVector } from "./token-vectors.ts";
