import type { ManifestSplit } from "@watersmeet/core/manifest";
import type { ClaimedStep } from "../step.ts";

/** What became of one slice of a partition. */
export interface SliceRecord {
  /** Rows of the input that it had. */
  readonly rowCount: number;
  /** What its function took, in ms. */
  readonly tookMs: number;
}

/** Decides into how many slices a partition is split, and keeps what came of it. */
export interface SplitPlanner {
  /** `rowCount`: of the input that would be sliced. 1: its function sees all rows at once. */
  plan(step: ClaimedStep, request: { readonly split: ManifestSplit; readonly rowCount: number }): Promise<number>;
  /** The slices have ended well; largest first, those without rows left out. */
  ended(step: ClaimedStep, slices: readonly SliceRecord[]): Promise<void>;
}
