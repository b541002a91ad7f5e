import { WatersmeetError } from "@watersmeet/core/errors";
import type { RowSchema } from "@watersmeet/core/schema";
import { parseAssetKey, type AssetKey, type Json, type PartitionKey } from "@watersmeet/core/values";
import { renderTimestamp } from "../../exchange/civil-time.ts";
import type { Dialect } from "../dialect.ts";
import { numberOf, textOf, type SqlRow, type SqlSession } from "../sql-session.ts";
import type { Commit, StoreHead } from "../store.ts";
import { internalSchema as s } from "./names.ts";

/** An asset as the store has it: its number, and the columns of its tables. */
export interface CatalogAsset {
  readonly assetId: number;
  readonly key: AssetKey;
  readonly isPartitioned: boolean;
  /** Its versions are kept with stamps, except for those from before it became so. */
  readonly isStamped: boolean;
  readonly schema: RowSchema;
  readonly nextVersion: number;
}

export async function findAssets(
  session: SqlSession,
  keys: readonly AssetKey[],
): Promise<ReadonlyMap<AssetKey, CatalogAsset>> {
  const rows = await session.run(
    `select a.asset_id, a.key, a.is_partitioned, a.columns, a.next_version, st.asset_id is not null as is_stamped from ${s}.asset a left join ${s}.stamped_asset st on st.asset_id = a.asset_id where a.key in (select unnest($1::varchar[]))`,
    [keys],
  );
  return new Map(rows.map((row) => [parseAssetKey(textOf(row, "key")), readAsset(row)]));
}

/** @throws {STORE_VERSION_UNKNOWN} when the store has never seen the asset */
export async function getAsset(session: SqlSession, key: AssetKey): Promise<CatalogAsset> {
  const asset = (await findAssets(session, [key])).get(key);
  if (asset !== undefined) return asset;
  throw new WatersmeetError("STORE_VERSION_UNKNOWN", `The store has no asset "${key}"`, {
    hint: "Materialize the asset first.",
  });
}

function readAsset(row: SqlRow): CatalogAsset {
  return {
    assetId: numberOf(row, "asset_id"),
    key: parseAssetKey(textOf(row, "key")),
    isPartitioned: textOf(row, "is_partitioned") === "true",
    isStamped: textOf(row, "is_stamped") === "true",
    schema: { columns: JSON.parse(textOf(row, "columns")) },
    nextVersion: numberOf(row, "next_version"),
  };
}

export async function readMeta(session: SqlSession, name: string): Promise<string | undefined> {
  const [row] = await session.run(`select value from ${s}.meta where name = $1`, [name]);
  return row === undefined ? undefined : textOf(row, "value");
}

/** Writes a fact of the store unless it has one by that name; answers the one that stands. */
export async function ensureMeta(session: SqlSession, name: string, value: string): Promise<string> {
  await session.run(`insert into ${s}.meta (name, value) values ($1, $2) on conflict do nothing`, [name, value]);
  return (await readMeta(session, name)) ?? value;
}

function commitColumns(dialect: Dialect): string {
  return `v.commit_id, v.sequence, a.key, v.partition, v.version, v.row_count, v.data_digest, v.record, ${dialect.renderEpochMicros("v.committed_at")} as committed_micros`;
}

export async function findCommitRows(
  session: SqlSession,
  dialect: Dialect,
  commitIds: readonly string[],
): Promise<readonly Commit[]> {
  const rows = await session.run(
    `select ${commitColumns(dialect)} from ${s}.version v join ${s}.asset a on a.asset_id = v.asset_id where v.commit_id in (select unnest($1::varchar[])) order by v.sequence`,
    [commitIds],
  );
  return rows.map(readCommit);
}

export async function listCommitRows(
  session: SqlSession,
  dialect: Dialect,
  options: { readonly after: bigint; readonly limit: number },
): Promise<readonly (Commit & { readonly sequence: bigint })[]> {
  const rows = await session.run(
    `select ${commitColumns(dialect)} from ${s}.version v join ${s}.asset a on a.asset_id = v.asset_id where v.sequence > $1::bigint order by v.sequence limit $2::bigint`,
    [options.after, options.limit],
  );
  return rows.map((row) => ({ ...readCommit(row), sequence: BigInt(textOf(row, "sequence")) }));
}

/** Commits of one partition in an environment, oldest first. */
export async function listVersionRows(
  session: SqlSession,
  dialect: Dialect,
  options: {
    readonly environment: string;
    readonly asset: AssetKey;
    readonly partition: PartitionKey;
    readonly from?: number;
    readonly upTo: number;
  },
): Promise<readonly Commit[]> {
  const rows = await session.run(
    `select ${commitColumns(dialect)} from ${s}.version v join ${s}.asset a on a.asset_id = v.asset_id where v.environment = $1 and a.key = $2 and v.partition = $3 and v.version >= $4::integer and v.version <= $5::integer order by v.version`,
    [options.environment, options.asset, options.partition, options.from ?? 0, options.upTo],
  );
  return rows.map(readCommit);
}

/** The commit that made a version. */
export async function findCommitOfVersion(
  session: SqlSession,
  dialect: Dialect,
  at: { readonly assetId: number; readonly partition: PartitionKey; readonly version: number },
): Promise<Commit | undefined> {
  const [row] = await session.run(
    `select ${commitColumns(dialect)} from ${s}.version v join ${s}.asset a on a.asset_id = v.asset_id where v.asset_id = $1::integer and v.partition = $2 and v.version = $3::integer`,
    [at.assetId, at.partition, at.version],
  );
  return row === undefined ? undefined : readCommit(row);
}

export function readCommit(row: SqlRow): Commit {
  const record: Json = JSON.parse(textOf(row, "record"));
  return {
    commitId: textOf(row, "commit_id"),
    asset: parseAssetKey(textOf(row, "key")),
    partition: readPartition(row),
    version: numberOf(row, "version"),
    rowCount: numberOf(row, "row_count"),
    dataDigest: textOf(row, "data_digest"),
    record,
    committedAt: renderInstant(BigInt(textOf(row, "committed_micros"))),
    isReplay: false,
  };
}

export function readPartition(row: SqlRow): PartitionKey {
  // The store gives back what was given to it as a partition's key.
  return textOf(row, "partition") as PartitionKey;
}

export function renderInstant(micros: bigint): string {
  const ofDay = ((micros % 86_400_000_000n) + 86_400_000_000n) % 86_400_000_000n;
  return renderTimestamp(Number((micros - ofDay) / 86_400_000_000n), Number(ofDay));
}

export async function listHeadRows(
  session: SqlSession,
  wanted: {
    readonly environment: string;
    readonly asset: AssetKey;
    /** @default all */
    readonly partitions?: readonly PartitionKey[] | undefined;
  },
): Promise<readonly StoreHead[]> {
  const { environment, asset, partitions } = wanted;
  const some = partitions === undefined ? "" : " and h.partition in (select unnest($3::varchar[]))";
  const rows = await session.run(
    `select a.key, h.partition, h.version, v.commit_id from ${s}.head h join ${s}.asset a on a.asset_id = h.asset_id join ${s}.version v on v.asset_id = h.asset_id and v.version = h.version where h.environment = $1 and a.key = $2${some}`,
    partitions === undefined ? [environment, asset] : [environment, asset, [...partitions]],
  );
  return rows
    .map((row) => ({
      asset,
      partition: readPartition(row),
      version: numberOf(row, "version"),
      commitId: textOf(row, "commit_id"),
    }))
    .sort((a, b) => (a.partition < b.partition ? -1 : a.partition > b.partition ? 1 : 0));
}

/** Heads of the given (environment, asset, partition) triples, by `headKey`'s parts. */
export async function findHeadRows(
  session: SqlSession,
  wanted: readonly { readonly environment: string; readonly assetId: number; readonly partition: PartitionKey }[],
): Promise<
  readonly {
    readonly environment: string;
    readonly assetId: number;
    readonly partition: PartitionKey;
    readonly version: number;
  }[]
> {
  const rows = await session.run(
    `select h.environment, h.asset_id, h.partition, h.version from ${s}.head h join (select unnest($1::varchar[]) as environment, unnest($2::integer[]) as asset_id, unnest($3::varchar[]) as partition) w on w.environment = h.environment and w.asset_id = h.asset_id and w.partition = h.partition`,
    [wanted.map((one) => one.environment), wanted.map((one) => one.assetId), wanted.map((one) => one.partition)],
  );
  return rows.map((row) => ({
    environment: textOf(row, "environment"),
    assetId: numberOf(row, "asset_id"),
    partition: readPartition(row),
    version: numberOf(row, "version"),
  }));
}
