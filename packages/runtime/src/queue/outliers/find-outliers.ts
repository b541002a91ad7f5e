import type { AssetKey, PartitionKey } from "@watersmeet/core/values";

/** A step that is unlike the others of its asset in its run. */
export type Outlier = { readonly asset: AssetKey; readonly partition: PartitionKey } & (
  | {
      /** It runs much longer than the others took, and holds up what comes after. */
      readonly kind: "straggler";
      readonly elapsedMs: number;
      readonly medianMs: number;
    }
  | {
      /** It has many more rows than the others, and took long for it: a candidate for finer partitions. */
      readonly kind: "skewed";
      readonly rowCount: number;
      readonly medianRows: number;
      readonly tookMs: number;
    }
);

/** What is known of the steps of one asset in a run. */
export interface AssetSpread {
  readonly asset: AssetKey;
  readonly stepCount: number;
  readonly endedCount: number;
  /** Steps that succeeded: those that the medians are of. */
  readonly doneCount: number;
  readonly medianMs: number;
  readonly medianRows: number;
  /** Longest first. */
  readonly running: readonly { readonly partition: PartitionKey; readonly elapsedMs: number }[];
  /** Most rows first. */
  readonly largest: readonly { readonly partition: PartitionKey; readonly rowCount: number; readonly tookMs: number }[];
}

/** Fewer tell nothing about what is usual. */
export const leastDone = 5;

const straggler = { times: 3, leastMs: 5_000 } as const;
const skewed = { times: 5, leastMs: 60_000 } as const;

/** Pure. Whether a partition has far more rows than its siblings, and takes long for them. Source: operations.md 2.4. */
export function isSkewed(part: {
  readonly rowCount: number;
  readonly medianRows: number;
  readonly ms: number;
}): boolean {
  return part.rowCount > skewed.times * Math.max(1, part.medianRows) && part.ms > skewed.leastMs;
}

/**
 * Pure. A straggler is looked for when half of its asset's steps have ended. Rows alone make no skew: a large partition that takes no time needs no care.
 * Source: operations.md 2.4.
 */
export function findOutliers(spreads: readonly AssetSpread[]): readonly Outlier[] {
  return spreads.flatMap((spread): readonly Outlier[] => {
    const { asset, doneCount, medianMs, medianRows } = spread;
    if (doneCount < leastDone) return [];
    const isLate = spread.endedCount * 2 >= spread.stepCount;
    const slow = spread.running.filter(
      ({ elapsedMs }) => isLate && elapsedMs > straggler.times * medianMs && elapsedMs >= straggler.leastMs,
    );
    const large = spread.largest.filter(({ rowCount, tookMs }) => isSkewed({ rowCount, medianRows, ms: tookMs }));
    return [
      ...slow.map(
        ({ partition, elapsedMs }) => ({ kind: "straggler", asset, partition, elapsedMs, medianMs }) as const,
      ),
      ...large.map((step) => ({ kind: "skewed", asset, ...step, medianRows }) as const),
    ];
  });
}
