import type { MergeSpec } from "../contribution/contribution.ts";
import { addFates, noFates, type FateCounts } from "../fold/fates.ts";
import { fold, type Fold } from "../fold/fold.ts";
import type { SealedBatch } from "./seal-batch.ts";

/** What has happened to a merge: batches that arrived, as often and in whatever order, and those that were taken back. */
export interface MergeHistory {
  readonly deliveries: readonly SealedBatch[];
  /** Batch ids; one that was never delivered stands for a batch that must not count when it comes. */
  readonly revoked: readonly string[];
}

/** What a history comes to. `fates` and `counts` are those of the live contributions. */
export interface MergedHistory extends Fold {
  /** Over every row of every delivery, rejected ones included. */
  readonly allFates: FateCounts;
}

/**
 * The merged table of a history, as a pure function of the *set* of its batches: of a batch key the greatest generation that was not
 * revoked is live, whatever came first.
 */
export function foldHistory(spec: MergeSpec, history: MergeHistory, foldSet: typeof fold = fold): MergedHistory {
  const { live, fates } = findLiveBatches(history);
  const folded = foldSet(
    spec,
    live.flatMap((batch) => batch.contributions),
  );
  return { ...folded, allFates: addFates(fates, folded.counts) };
}

function findLiveBatches(history: MergeHistory): { readonly live: readonly SealedBatch[]; readonly fates: FateCounts } {
  const revoked = new Set(history.revoked);
  const known = new Map(history.deliveries.map((batch) => [batch.batchId, batch]));
  const standing = [...known.values()].filter((batch) => !revoked.has(batch.batchId));
  const newest = new Map<string, SealedBatch>();
  for (const batch of standing) {
    const best = newest.get(batch.batchKey);
    if (best === undefined || isNewer(batch, best)) newest.set(batch.batchKey, batch);
  }
  const live = new Set(newest.values());
  const count = (batches: readonly SealedBatch[]) =>
    batches.reduce((sum, batch) => sum + batch.contributions.length, 0);
  const gone = [...known.values()].filter((batch) => revoked.has(batch.batchId));
  const delivered = count(history.deliveries);
  return {
    live: [...live],
    fates: {
      ...noFates,
      duplicate: delivered - count([...known.values()]),
      superseded: count(standing.filter((batch) => !live.has(batch))),
      revoked: count(gone),
      rejected: history.deliveries.reduce((sum, batch) => sum + batch.rejected.length, 0),
    },
  };
}

function isNewer(batch: SealedBatch, other: SealedBatch): boolean {
  return (
    batch.generation > other.generation || (batch.generation === other.generation && batch.batchId > other.batchId)
  );
}
