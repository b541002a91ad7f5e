import { internalSchema as s } from "../../catalog/names.ts";
import type { MergeStageHost } from "../../merge-seam.ts";
import { numberOf } from "../../sql-session.ts";
import type { CatalogBatch } from "../catalog/batches.ts";
import { readCut } from "../catalog/cuts.ts";
import { renderNumbers } from "../catalog/number-list.ts";
import type { PreviousFold } from "./fold-work.ts";

/** Of the versions before the latest one, how many are looked at besides one of exactly the live batches. */
const earlierVersions = 16;

interface FoldFacts {
  readonly host: MergeStageHost;
  /** Names all that a fold depends on besides the live batches. */
  readonly foldId: string;
  /** All batches of the partition. */
  readonly batches: readonly CatalogBatch[];
  readonly live: readonly CatalogBatch[];
}

/**
 * A version that was folded by the same rules and stands in the latest one's table: then only what has changed since is to be folded. It is the latest one, unless something of
 * that was taken back: then a version from before it may be nearer. What has been settled since a version is in its counts by the fates of then: it is none of them.
 */
export async function findBefore(facts: FoldFacts): Promise<PreviousFold | undefined> {
  const { host, live } = facts;
  if (host.tip === null || !host.tip.hasSameColumns) return undefined;
  const [tip] = await listFolds(facts, `c.version = ${host.tip.version}`);
  const present = new Set(live);
  if (tip !== undefined && tip.live.every((batch) => present.has(batch))) return tip;
  const exact = `c.batches = '${renderNumbers(live.map(({ number }) => number).toSorted((a, b) => a - b))}'`;
  const others = await listFolds(
    facts,
    `c.version < ${host.tip.version} order by case when ${exact} then 0 else 1 end, c.version desc limit ${earlierVersions}`,
  );
  return [...(tip === undefined ? [] : [tip]), ...others]
    .map((fold) => ({ fold, rows: countRows(differenceOf(live, fold.live)) }))
    .reduce<{ readonly fold: PreviousFold; readonly rows: number } | undefined>(
      (best, one) => (best === undefined || one.rows < best.rows ? one : best),
      undefined,
    )?.fold;
}

/** Batches that are in one of the lists and not in the other. */
export function differenceOf(some: readonly CatalogBatch[], others: readonly CatalogBatch[]): readonly CatalogBatch[] {
  const [a, b] = [some, others].map((batches) => new Set(batches.map(({ number }) => number)));
  return [
    ...some.filter(({ number }) => b?.has(number) !== true),
    ...others.filter(({ number }) => a?.has(number) !== true),
  ];
}

async function listFolds({ host, foldId, batches }: FoldFacts, condition: string): Promise<readonly PreviousFold[]> {
  const { assetId, session, target, tip } = host;
  const rows = await session.run(
    `select c.*, o.row_count from ${s}.merge_cut c
     join ${s}.version o on o.asset_id = c.asset_id and o.version = c.version
     join ${s}.stamped_version v on v.asset_id = c.asset_id and v.version = c.version
     join ${s}.stamped_version t on t.asset_id = c.asset_id and t.version = $3::integer and t.strand = v.strand and t.columns_id = v.columns_id
     where c.asset_id = $1::integer and c.partition = $2 and c.fold_id = $4 and c.fold_fates is not null and ${condition}`,
    [assetId, target.partition, tip?.version ?? 0, foldId],
  );
  const byNumber = new Map(batches.map((batch) => [batch.number, batch]));
  return rows.flatMap((row) => {
    const cut = readCut(row);
    const live = cut.live.flatMap((number) => byNumber.get(number) ?? []);
    const settled = live.reduce((sum, { settledCount }) => sum + settledCount, 0);
    if (live.length < cut.live.length || settled !== cut.settledCount || cut.foldFates === null) return [];
    return [{ cut, live, fates: cut.foldFates, rowCount: numberOf(row, "row_count") }];
  });
}

function countRows(batches: readonly CatalogBatch[]): number {
  return batches.reduce((sum, { rowCount }) => sum + rowCount, 0);
}
