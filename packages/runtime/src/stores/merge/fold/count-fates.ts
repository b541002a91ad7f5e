import { addFates, noFates, type BatchStanding, type FateCounts, type FoldPlan } from "@watersmeet/core/merge";
import { numberOf, type SqlRow, type SqlSession } from "../../sql-session.ts";
import type { CatalogBatch } from "../catalog/batches.ts";
import type { ContributionTable, MergeDialect, RenderedFold } from "../merge-dialect.ts";
import { hasHiddenFates, renderFates } from "./render-survivors.ts";

/** What became of the contributions that a fold reads: those without a fault, and without copies where copies do not count. */
export async function countFolded(
  { session, dialect }: { readonly session: SqlSession; readonly dialect: MergeDialect },
  {
    plan,
    table,
    winners,
    total,
  }: {
    readonly plan: FoldPlan;
    readonly table: ContributionTable;
    /** Contributions that rows come from. */
    readonly winners: number;
    /** Contributions that are read; `null`: to be counted. */
    readonly total: number | null;
  },
): Promise<FateCounts> {
  if (total !== null && !hasHiddenFates(plan)) {
    const lost = total - winners;
    return plan.isUnionDistinct
      ? { ...noFates, winner: winners, duplicate: lost }
      : { ...noFates, winner: winners, superseded: lost };
  }
  const [row] = await session.run(renderFates(dialect, plan, table));
  return row === undefined ? noFates : addUpFates(plan, row, winners);
}

function addUpFates(plan: FoldPlan, row: SqlRow, winners: number): FateCounts {
  const [total, distinct, upserts, survivors, tombstones] = [
    "total",
    "distinct_total",
    "upserts",
    "survivors",
    "tombstones",
  ].map((name) => numberOf(row, name));
  const once = distinct ?? 0;
  const lost = (survivors ?? 0) - winners;
  const forgotten = once - (upserts ?? 0) - (tombstones ?? 0);
  return {
    ...noFates,
    winner: winners + (tombstones ?? 0),
    masked: (upserts ?? 0) - (survivors ?? 0),
    superseded: forgotten + (plan.isUnionDistinct ? 0 : lost),
    duplicate: (total ?? 0) - once + (plan.isUnionDistinct ? lost : 0),
  };
}

/** How many contributions the rows come from, when `rows` were folded. */
export async function countWinners(
  session: SqlSession,
  { folded, findings, rows }: { readonly folded: RenderedFold; readonly findings: string; readonly rows: number },
): Promise<number> {
  const sql = folded.renderWinners(findings);
  if (sql === null) return rows;
  const [row] = await session.run(sql);
  return row === undefined ? 0 : numberOf(row, "winners");
}

/**
 * Everything that was delivered, by its fate (L14): what the fold found, and the batches that it did not read. `folded` is of the live ones; what they have besides, copies and
 * rows that a snapshot says again, are duplicates. What has been settled had lost, or hid what had: it is superseded.
 */
export function countAllFates(
  batches: readonly CatalogBatch[],
  standings: ReadonlyMap<number, BatchStanding>,
  { folded, failed }: { readonly folded: FateCounts; readonly failed: number },
): FateCounts {
  const others = batches.map((batch) => countUnread(batch, standings.get(batch.number) ?? "superseded"));
  const live = batches.filter(({ number }) => standings.get(number) === "live");
  const sound = live.reduce((sum, batch) => sum + batch.rowCount - batch.rejectedCount, 0);
  const settled = live.reduce((sum, batch) => sum + batch.settledCount, 0);
  const read = folded.winner + folded.superseded + folded.masked + folded.duplicate;
  return addFates(folded, ...others, {
    ...noFates,
    rejected: failed,
    superseded: settled,
    duplicate: sound - read - failed - settled,
  });
}

/** What is known of the contributions of a batch without a fold: of a live one only those that were rejected. */
export function countUnread(
  { rejectedCount, rowCount }: Pick<CatalogBatch, "rejectedCount" | "rowCount">,
  standing: BatchStanding,
): FateCounts {
  const faulty = { ...noFates, rejected: rejectedCount };
  if (standing === "live") return faulty;
  return standing === "rejected"
    ? { ...noFates, rejected: rowCount }
    : { ...faulty, [standing]: rowCount - rejectedCount };
}
