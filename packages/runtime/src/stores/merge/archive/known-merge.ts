import type { BatchStanding } from "@watersmeet/core/merge";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import { internalSchema as s } from "../../catalog/names.ts";
import { renderInstant } from "../../catalog/read-catalog.ts";
import { numberOf, textOf, type SqlSession } from "../../sql-session.ts";
import { readBatch, renderBatchColumns, type CatalogBatch } from "../catalog/batches.ts";
import { readCut, standingsOf, type CatalogCut } from "../catalog/cuts.ts";
import type { MergeDialect } from "../merge-dialect.ts";

/** A published batch, the partition that it belongs to, and how it stands to the cut that is asked about. */
export interface StandingBatch extends CatalogBatch {
  readonly partition: PartitionKey;
  readonly standing: BatchStanding;
}

/** A published cut and where it belongs. */
export interface PublishedCut extends CatalogCut {
  readonly partition: PartitionKey;
  readonly baseVersion: number | null;
}

/** Number of an asset; `undefined`: the store has never seen it. */
export async function findAssetId(session: SqlSession, asset: AssetKey): Promise<number | undefined> {
  const [row] = await session.run(`select asset_id from ${s}.asset where key = $1`, [asset]);
  return row === undefined ? undefined : numberOf(row, "asset_id");
}

export interface CutQuery {
  readonly assetId: number;
  readonly partition?: PartitionKey | undefined;
  readonly version?: number | undefined;
}

/** Newest version first. */
export async function listPublishedCuts(
  session: SqlSession,
  query: CutQuery,
  limit?: number,
): Promise<readonly PublishedCut[]> {
  const conditions = [
    "asset_id = $1::integer",
    "version is not null",
    ...(query.partition === undefined ? [] : ["partition = $2"]),
    ...(query.version === undefined ? [] : [`version = ${query.version}`]),
  ];
  const parameters = query.partition === undefined ? [query.assetId] : [query.assetId, query.partition];
  const rows = await session.run(
    `select * from ${s}.merge_cut where ${conditions.join(" and ")} order by version desc${limit === undefined ? "" : ` limit ${limit}`}`,
    parameters,
  );
  return rows.map((row) => ({
    ...readCut(row),
    partition: readPartition(textOf(row, "partition")),
    baseVersion: row["base_version"] === null || row["base_version"] === undefined ? null : Number(row["base_version"]),
  }));
}

/** Batches that the cut of a version, or of the latest one of each partition, knows; newest first. */
export async function listStandingBatches(
  session: SqlSession,
  dialect: MergeDialect,
  query: CutQuery,
): Promise<readonly StandingBatch[]> {
  const cuts = new Map<string, PublishedCut>();
  for (const cut of await listPublishedCuts(session, query)) {
    if (!cuts.has(cut.partition)) cuts.set(cut.partition, cut);
  }
  const standings = new Map([...cuts].map(([partition, cut]) => [partition, standingsOf(cut)]));
  const parameters = query.partition === undefined ? [query.assetId] : [query.assetId, query.partition];
  const rows = await session.run(
    `select ${renderBatchColumns(dialect.store, "b")} from ${s}.merge_batch b where b.asset_id = $1::integer and b.staged_by is null${query.partition === undefined ? "" : " and b.partition = $2"} order by b.number desc`,
    parameters,
  );
  return rows.flatMap((row) => {
    const batch = readBatch(row);
    const partition = readPartition(textOf(row, "partition"));
    const standing = standings.get(partition)?.get(batch.number);
    // What came after the version that is asked about is not part of the answer.
    if (standing === undefined && query.version !== undefined) return [];
    return [{ ...batch, partition, standing: standing ?? "superseded" }];
  });
}

function readPartition(text: string): PartitionKey {
  // The store gives back what was given to it as a partition's key.
  return text as PartitionKey;
}

/** When versions were committed: ISO-8601 UTC. */
export async function listCommitTimes(
  session: SqlSession,
  dialect: MergeDialect,
  { assetId, versions }: { readonly assetId: number; readonly versions: readonly number[] },
): Promise<ReadonlyMap<number, string>> {
  if (versions.length === 0) return new Map();
  const rows = await session.run(
    `select version, ${dialect.store.renderEpochMicros("committed_at")} as committed from ${s}.version where asset_id = $1::integer and version in (select unnest($2::integer[]))`,
    [assetId, versions],
  );
  return new Map(rows.map((row) => [numberOf(row, "version"), renderInstant(BigInt(textOf(row, "committed")))]));
}
