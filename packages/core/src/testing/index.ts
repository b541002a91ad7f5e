export { canonicalVectors, type CanonicalVector } from "./canonical-vectors.ts";
export {
  goldenBatches,
  goldenEventTime,
  goldenSets,
  goldenSpec,
  type GoldenBatch,
  type GoldenSet,
} from "./merge-golden.ts";
export { fake } from "./fake.ts";
export { fakeCtx, type FakeCtx, type FakeCtxOptions } from "./fake-ctx.ts";
export { runAsset } from "./run-asset.ts";
export {
  historyColumns,
  historyEventTime,
  mergeHistories,
  type GeneratedHistory,
  type HistoryOptions,
} from "./merge-histories.ts";
