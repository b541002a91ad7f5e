import type { MergeSpec } from "../contribution/contribution.ts";
import type { BatchStanding } from "../cut/cut.ts";
import { addFates, noFates, type FateCounts } from "../fold/fates.ts";
import { fold, type Fold } from "../fold/fold.ts";
import type { MergeOrder } from "../orders.ts";
import type { SealedBatch } from "./seal-batch.ts";
import { standBatches } from "./stand-batches.ts";

/** What has happened to a merge: batches that arrived, as often and in whatever order, and what was decided about them. */
export interface MergeHistory {
  readonly deliveries: readonly SealedBatch[];
  /** Also about batches that were never delivered: what is decided holds when they come. */
  readonly orders: readonly MergeOrder[];
}

/** What a history comes to. `fates` and `counts` are those of the live contributions. */
export interface MergedHistory extends Fold {
  readonly standings: ReadonlyMap<string, BatchStanding>;
  /** Over every row of every delivery, rejected ones included. */
  readonly allFates: FateCounts;
}

/** The merged table of a history, as a pure function of the *sets* of its batches and orders. */
export function foldHistory(spec: MergeSpec, history: MergeHistory, foldSet: typeof fold = fold): MergedHistory {
  const known = [...new Map(history.deliveries.map((batch) => [batch.batchId, batch])).values()];
  const standings = standBatches(known, history.orders);
  const byStanding = Map.groupBy(known, (batch) => standings.get(batch.batchId) ?? "live");
  const live = byStanding.get("live") ?? [];
  const folded = foldSet(
    spec,
    live.flatMap((batch) => batch.contributions),
  );
  const count = (batches: readonly SealedBatch[]) =>
    batches.reduce((sum, { contributions }) => sum + contributions.length, 0);
  const countOf = (standing: BatchStanding) => count(byStanding.get(standing) ?? []);
  const others: FateCounts = {
    ...noFates,
    duplicate: count(history.deliveries) - count(known),
    superseded: countOf("superseded"),
    revoked: countOf("revoked"),
    held: countOf("held"),
    rejected: countOf("rejected") + history.deliveries.reduce((sum, batch) => sum + batch.rejected.length, 0),
  };
  return { ...folded, standings, allFates: addFates(others, folded.counts) };
}
