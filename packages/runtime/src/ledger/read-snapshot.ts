import type { HeadState, StateSnapshot } from "@watersmeet/core/plan";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import type pg from "pg";
import QueryStream from "pg-query-stream";
import { fingerprintPlacedOrders, orderRowsSql, type PlacedOrderRow } from "./merge-orders.ts";
import { pinnedSql } from "./versions/head-pins.ts";

export interface SnapshotOptions {
  readonly environment: string;
  /** Only these; all when absent. */
  readonly assets?: readonly AssetKey[];
  /**
   * Id of the store that each name means now. Versions that lie elsewhere are history: for the planner they do not exist.
   * Absent: versions count wherever they lie.
   */
  readonly storeIds?: ReadonlyMap<string, string>;
  /** Name of the store that an asset is kept in now. */
  readonly storeOf?: (asset: AssetKey) => string | undefined;
}

/**
 * What the planner may know, from one repeatable-read transaction: heads, failures and the sequence belong together. An environment that has a parent shows
 * the parent's heads where it has none of its own. Rows are streamed; texts that repeat are held once, so a million heads take some hundred MB.
 */
export async function readSnapshot(pool: pg.Pool, options: SnapshotOptions): Promise<StateSnapshot> {
  const client = await pool.connect();
  try {
    await client.query("begin transaction isolation level repeatable read, read only");
    const sequence = await client.query<{ sequence: string | null }>(
      "select max(sequence) as sequence from watersmeet.event",
    );
    const heads = await readHeads(client, options);
    const failed = await readFailed(client, options);
    const orders = await readOrderFingerprints(client, options);
    const pinned = await readPinned(client, options);
    await client.query("commit");
    client.release();
    const { environment } = options;
    return { environment, sequence: sequence.rows[0]?.sequence ?? "0", heads, failed, orders, pinned };
  } catch (error) {
    client.release(true);
    throw error;
  }
}

interface HeadRow {
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly store: string;
  readonly store_id: string;
  readonly commit_id: string;
  readonly data_digest: string;
  readonly code_version: string;
  readonly schema_version: string;
  readonly input_fingerprints: Readonly<Record<string, string>>;
}

/** Nearest environment first: the first head of a place counts. */
const headsSql = `
  with recursive chain as (
    select $1::text as name, (select parent from watersmeet.environment where name = $1) as parent, 0 as distance
    union all
    select environment.name, environment.parent, chain.distance + 1
    from chain join watersmeet.environment on environment.name = chain.parent)
  select head.asset, head.partition, made.store, made.store_id, made.commit_id, made.data_digest, made.code_version, made.schema_version,
    made.input_fingerprints
  from chain
  join watersmeet.head on head.environment = chain.name
  join watersmeet.materialization as made on made.id = head.materialization_id
  where $2::text[] is null or head.asset = any($2)
  order by chain.distance`;

async function readHeads(
  client: pg.PoolClient,
  options: SnapshotOptions,
): Promise<ReadonlyMap<AssetKey, ReadonlyMap<PartitionKey, HeadState>>> {
  const heads = new Map<AssetKey, Map<PartitionKey, HeadState>>();
  const share = createTextPool();
  const stream = client.query(
    new QueryStream(headsSql, [options.environment, options.assets ?? null], { batchSize: 5000 }),
  );
  // The stream has no type for its rows; the statement above says what they are.
  for await (const row of stream as AsyncIterable<HeadRow>) {
    if (!isCurrent(row, options)) continue;
    const ofAsset = heads.get(row.asset) ?? new Map<PartitionKey, HeadState>();
    heads.set(row.asset, ofAsset);
    if (ofAsset.has(row.partition)) continue;
    ofAsset.set(row.partition, {
      commitId: row.commit_id,
      dataDigest: row.data_digest,
      codeVersion: share(row.code_version),
      schemaVersion: share(row.schema_version),
      inputs: row.input_fingerprints,
    });
  }
  return heads;
}

function isCurrent(row: HeadRow, { storeIds, storeOf }: SnapshotOptions): boolean {
  if (storeIds !== undefined && storeIds.get(row.store) !== row.store_id) return false;
  const store = storeOf?.(row.asset);
  return store === undefined || store === row.store;
}

async function readFailed(
  client: pg.PoolClient,
  options: SnapshotOptions,
): Promise<ReadonlyMap<AssetKey, ReadonlySet<PartitionKey>>> {
  const { rows } = await client.query<Place>(
    "select asset, partition from watersmeet.failed_partition where environment = $1 and ($2::text[] is null or asset = any($2))",
    [options.environment, options.assets ?? null],
  );
  return groupPlaces(rows);
}

async function readOrderFingerprints(
  client: pg.PoolClient,
  options: SnapshotOptions,
): Promise<NonNullable<StateSnapshot["orders"]>> {
  const { rows } = await client.query<PlacedOrderRow>(orderRowsSql, [options.environment, options.assets ?? null]);
  return fingerprintPlacedOrders(rows);
}

async function readPinned(
  client: pg.PoolClient,
  options: SnapshotOptions,
): Promise<NonNullable<StateSnapshot["pinned"]>> {
  const { rows } = await client.query<Place>(pinnedSql, [options.environment, options.assets ?? null]);
  return groupPlaces(rows);
}

interface Place {
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
}

function groupPlaces(places: readonly Place[]): ReadonlyMap<AssetKey, ReadonlySet<PartitionKey>> {
  const byAsset = new Map<AssetKey, Set<PartitionKey>>();
  for (const { asset, partition } of places) byAsset.set(asset, (byAsset.get(asset) ?? new Set()).add(partition));
  return byAsset;
}

/** Equal texts from the wire are separate strings; kept once each, they cost nothing. */
function createTextPool(): (text: string) => string {
  const pool = new Map<string, string>();
  return (text) => {
    const known = pool.get(text);
    if (known !== undefined) return known;
    pool.set(text, text);
    return text;
  };
}
