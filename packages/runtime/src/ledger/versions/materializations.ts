import type { AssetKey, Json, PartitionKey } from "@watersmeet/core/values";
import { sql, type RawBuilder } from "kysely";
import { buildPage, isId, parseCursor } from "../cursor.ts";
import type { Ledger, Page, PageRequest } from "../ledger.ts";
import type { LedgerDb } from "../open-ledger.ts";
import type { Materialization, MaterializationId, RunId } from "../records.ts";

export async function findMaterialization(db: LedgerDb, id: MaterializationId): Promise<Materialization | undefined> {
  if (!isId(id)) return undefined;
  return (await selectMaterializations(db, sql`where made.id = ${id}`))[0];
}

/** Newest first. */
export async function listMaterializations(
  db: LedgerDb,
  filter: Parameters<Ledger["listMaterializations"]>[0],
  page: PageRequest,
): Promise<Page<Materialization>> {
  if (filter.runId !== undefined && !isId(filter.runId)) return { items: [], nextCursor: null };
  const before = parseCursor(page.cursor);
  const items = await selectMaterializations(
    db,
    sql`where (${filter.asset ?? null}::text is null or made.asset = ${filter.asset ?? null})
      and (${filter.partition ?? null}::text is null or made.partition = ${filter.partition ?? null})
      and (${filter.runId ?? null}::bigint is null or made.id in (
        select materialization_id from watersmeet.step where step.run_id = ${filter.runId ?? null} and materialization_id is not null))
      and (${filter.runId ?? null}::bigint is null or made.run_id = ${filter.runId ?? null})
      and (${before}::bigint is null or made.id < ${before}::bigint)
      order by made.id desc limit ${page.limit + 1}`,
  );
  return buildPage(items, { limit: page.limit, keyOf: (item) => item.id, toItem: (item) => item });
}

export async function findHead(
  db: LedgerDb,
  place: { readonly environment: string; readonly asset: AssetKey; readonly partition: PartitionKey },
): Promise<Materialization | undefined> {
  const found = await selectMaterializations(
    db,
    sql`where made.id = (select materialization_id from watersmeet.head
      where environment = ${place.environment} and asset = ${place.asset} and partition = ${place.partition})`,
  );
  return found[0];
}

export async function listMaterializationsById(
  db: LedgerDb,
  ids: readonly MaterializationId[],
): Promise<readonly Materialization[]> {
  return ids.length === 0 ? [] : selectMaterializations(db, sql`where made.id = any(${[...ids]}::bigint[])`);
}

/** Partitions of an asset that have a version of this number in a store, with their records. */
export async function findVersionPlaces(
  db: LedgerDb,
  { storeId, asset, version }: { readonly storeId: string; readonly asset: AssetKey; readonly version: number },
): Promise<readonly { readonly id: MaterializationId; readonly partition: PartitionKey }[]> {
  if (!Number.isSafeInteger(version) || version < 0 || version > 2 ** 31 - 1) return [];
  const { rows } = await sql<{ id: MaterializationId; partition: PartitionKey }>`
    select id, partition from watersmeet.materialization
    where asset = ${asset} and version = ${version} and store_id = ${storeId} order by partition collate "C"`.execute(
    db,
  );
  return rows;
}

/** Records by the commit ids of a store; what has none is left out. */
export async function findIdsOfCommits(
  db: LedgerDb,
  storeId: string,
  commitIds: readonly string[],
): Promise<ReadonlyMap<string, MaterializationId>> {
  if (commitIds.length === 0) return new Map();
  const { rows } = await sql<{ id: MaterializationId; commit_id: string }>`
    select id, commit_id from watersmeet.materialization
    where store_id = ${storeId} and commit_id = any(${[...commitIds]}::text[])`.execute(db);
  return new Map(rows.map((row) => [row.commit_id, row.id]));
}

/** By asset: how many partitions have a version, rows in all, when the last one came. */
export async function summarizeHeads(db: LedgerDb, environment: string): ReturnType<Ledger["summarizeHeads"]> {
  const { rows } = await sql<{ asset: AssetKey; partitions: number; rows: string; last: Date }>`
    select head.asset, count(*)::integer as partitions, coalesce(sum(row_count), 0) as rows, max(committed_at) as last
    from watersmeet.head join watersmeet.materialization on materialization.id = head.materialization_id
    where head.environment = ${environment} group by head.asset order by head.asset collate "C"`.execute(db);
  return new Map(
    rows.map((row) => [
      row.asset,
      { partitionCount: row.partitions, rowCount: Number(row.rows), lastCommittedAt: row.last },
    ]),
  );
}

interface MaterializationRow {
  readonly id: MaterializationId;
  readonly store: string;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly version: number;
  readonly commit_id: string;
  readonly code_version: string;
  readonly schema_version: string;
  readonly data_digest: string;
  readonly row_count: string;
  readonly size_bytes: string;
  readonly quarantined_count: string;
  readonly facts: Json;
  readonly environment: string;
  readonly run_id: RunId | null;
  readonly attempt: number;
  readonly requested_by: string;
  readonly trace_id: string;
  readonly started_at: Date;
  readonly committed_at: Date;
  readonly is_head: boolean;
  readonly inputs: Materialization["inputs"];
}

async function selectMaterializations(db: LedgerDb, where: RawBuilder<unknown>): Promise<readonly Materialization[]> {
  const { rows } = await sql<MaterializationRow>`
    select made.*,
      exists (select from watersmeet.head where head.environment = made.environment and head.asset = made.asset
        and head.partition = made.partition and head.materialization_id = made.id) as is_head,
      (select coalesce(jsonb_agg(jsonb_build_object('position', read.position, 'asset', input.asset, 'partition', input.partition,
          'version', input.version, 'commitId', input.commit_id, 'materializationId', input.id::text) order by read.number), '[]')
        from unnest(made.input_positions, made.input_ids) with ordinality as read (position, id, number)
        join watersmeet.materialization as input on input.id = read.id) as inputs
    from watersmeet.materialization as made ${where}`.execute(db);
  return rows.map(toMaterialization);
}

function toMaterialization(row: MaterializationRow): Materialization {
  return {
    id: row.id,
    asset: row.asset,
    partition: row.partition,
    version: row.version,
    commitId: row.commit_id,
    codeVersion: row.code_version,
    schemaVersion: row.schema_version,
    dataDigest: row.data_digest,
    rowCount: Number(row.row_count),
    sizeBytes: Number(row.size_bytes),
    quarantinedCount: Number(row.quarantined_count),
    facts: row.facts,
    store: row.store,
    environment: row.environment,
    runId: row.run_id,
    attempt: row.attempt,
    requestedBy: row.requested_by,
    traceId: row.trace_id,
    startedAt: row.started_at,
    committedAt: row.committed_at,
    isHead: row.is_head,
    inputs: row.inputs,
  };
}
