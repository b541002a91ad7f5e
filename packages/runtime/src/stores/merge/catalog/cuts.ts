import type { BatchStanding, Cut, FateCounts, MergeOrder, PastCut } from "@watersmeet/core/merge";
import { internalSchema as s } from "../../catalog/names.ts";
import { numberOf, textOf, type SqlRow, type SqlSession } from "../../sql-session.ts";
import { readJson, type MergePartition } from "./batches.ts";
import { parseNumbers, renderNumbers } from "./number-list.ts";

/** Numbers of the batches that do not count in a cut, by how they stand to it. A batch that is in none of them, and not live, was not known. */
export type OtherStandings = Readonly<Partial<Record<Exclude<BatchStanding, "live">, readonly number[]>>>;

/** The cut of a version as the catalog has it. */
export interface CatalogCut {
  readonly version: number;
  readonly cutId: string;
  /** Numbers of the live batches. */
  readonly live: readonly number[];
  readonly standings: OtherStandings;
  /** In force, of whatever cut they were given with. */
  readonly orders: readonly MergeOrder[];
  /** Of all that was delivered. */
  readonly fates: FateCounts;
  /** Of the contributions that were folded. */
  readonly foldFates: FateCounts | null;
  /** SHA-256 over all that a fold depends on besides the live batches. */
  readonly foldId: string | null;
  /** `null`: written before cuts were kept as values. */
  readonly cut: Cut | null;
  readonly asOf: string | null;
  /** How many of its contributions came late. */
  readonly lateCount: number;
  /** How many contributions of the live batches had been settled when they were folded. */
  readonly settledCount: number;
}

/** The cut of a version; of the latest one when no version is named. */
export async function findCut(
  session: SqlSession,
  { assetId, partition, version }: MergePartition & { readonly version: number | undefined },
): Promise<CatalogCut | undefined> {
  const [row] = await session.run(
    `select * from ${s}.merge_cut where asset_id = $1::integer and partition = $2 and version is not null${version === undefined ? "" : ` and version = ${version}`} order by version desc limit 1`,
    [assetId, partition],
  );
  return row === undefined ? undefined : readCut(row);
}

/** Cuts of the versions of a partition, for the cap on amendments. */
export async function listPastCuts(session: SqlSession, at: MergePartition): Promise<readonly PastCut[]> {
  const rows = await session.run(
    `select as_of, late_count from ${s}.merge_cut where asset_id = $1::integer and partition = $2 and version is not null and as_of is not null`,
    [at.assetId, at.partition],
  );
  return rows.map((row) => ({ asOf: textOf(row, "as_of"), isAmendment: Number(row["late_count"] ?? 0) > 0 }));
}

export function readCut(row: SqlRow): CatalogCut {
  const live = parseNumbers(textOf(row, "batches"));
  const fates: FateCounts = JSON.parse(textOf(row, "fates"));
  const foldFates: FateCounts | null = readJson(row, "fold_fates", null);
  const standings: OtherStandings = readJson(row, "standings", {});
  const orders: readonly MergeOrder[] = readJson(row, "orders", []);
  const cut: Cut | null = readJson(row, "cut", null);
  return {
    version: numberOf(row, "version"),
    cutId: textOf(row, "cut_id"),
    live,
    standings,
    orders,
    fates,
    foldFates,
    foldId: row["fold_id"] ?? null,
    cut,
    asOf: row["as_of"] ?? null,
    lateCount: Number(row["late_count"] ?? 0),
    settledCount: Number(row["settled_count"] ?? 0),
  };
}

export async function insertCut(
  session: SqlSession,
  at: MergePartition,
  { cut, stagedBy }: { readonly cut: Omit<CatalogCut, "version">; readonly stagedBy: string },
): Promise<void> {
  await session.run(
    `insert into ${s}.merge_cut (asset_id, partition, version, base_version, cut_id, batches, fates, staged_by, cut, standings, orders, fold_id, fold_fates, as_of, late_count, settled_count)
     values ($1::integer, $2, null, null, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::bigint, $14::bigint)`,
    [
      at.assetId,
      at.partition,
      cut.cutId,
      renderNumbers(cut.live),
      JSON.stringify(cut.fates),
      stagedBy,
      cut.cut === null ? null : JSON.stringify(cut.cut),
      JSON.stringify(cut.standings),
      JSON.stringify(cut.orders),
      cut.foldId,
      cut.foldFates === null ? null : JSON.stringify(cut.foldFates),
      cut.asOf,
      cut.lateCount,
      cut.settledCount,
    ],
  );
}

/** How each batch stands to a cut; what the cut did not know is not in it. */
export function standingsOf(cut: Pick<CatalogCut, "live" | "standings">): ReadonlyMap<number, BatchStanding> {
  const { superseded = [], revoked = [], held = [], rejected = [] } = cut.standings;
  const lists: readonly (readonly [BatchStanding, readonly number[]])[] = [
    ["live", cut.live],
    ["superseded", superseded],
    ["revoked", revoked],
    ["held", held],
    ["rejected", rejected],
  ];
  return new Map(lists.flatMap(([standing, numbers]) => numbers.map((number) => [number, standing] as const)));
}
