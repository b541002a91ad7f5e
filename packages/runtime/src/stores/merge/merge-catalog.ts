import type { FoldBatch } from "@watersmeet/core/merge";
import { z } from "zod";
import { internalSchema as s } from "../catalog/names.ts";
import { numberOf, textOf, type SqlRow, type SqlSession } from "../sql-session.ts";

/**
 * What merges know of their batches. A batch is sealed once and never changes; a *cut* says which batches one version is folded from, so that a version
 * of any environment, and one that readers were taken back to, has its own. A batch or cut without a version was staged by an attempt and is nobody's yet.
 */
export function renderMergeCatalog(): readonly string[] {
  return [
    `create sequence if not exists ${s}.merge_batch_number`,
    `create table if not exists ${s}.merge_batch (number integer not null, asset_id integer not null, partition varchar not null, schema_id varchar not null, source varchar not null, batch_key varchar not null, generation integer not null, batch_id varchar not null, digest varchar not null, batch_sequence bigint not null, columns varchar not null, row_count bigint not null, duplicate_count bigint not null, rejected_count bigint not null, least_time bigint, greatest_time bigint, staged_by varchar)`,
    `create table if not exists ${s}.merge_cut (asset_id integer not null, partition varchar not null, version integer, base_version integer, cut_id varchar not null, batches varchar not null, fates varchar not null, staged_by varchar not null)`,
  ];
}

/** A sealed batch as the catalog has it. */
export interface CatalogBatch {
  readonly number: number;
  readonly schemaId: string;
  readonly source: string;
  readonly batchKey: string;
  readonly generation: number;
  readonly batchId: string;
  readonly digest: string;
  readonly batchSequence: bigint;
  /** Columns that it carries, without the key. */
  readonly columns: readonly string[];
  /** Rows that the branch delivered, duplicates and rejected ones included. */
  readonly rowCount: number;
  readonly duplicateCount: number;
  readonly rejectedCount: number;
  readonly eventTimes: { readonly least: bigint; readonly greatest: bigint } | null;
}

export interface MergePartition {
  readonly assetId: number;
  readonly partition: string;
}

/** Published batches of a merge's partition, oldest first. */
export async function listBatches(session: SqlSession, at: MergePartition): Promise<readonly CatalogBatch[]> {
  const rows = await session.run(
    `select * from ${s}.merge_batch where asset_id = $1::integer and partition = $2 and staged_by is null order by number`,
    [at.assetId, at.partition],
  );
  return rows.map(readBatch);
}

const numbers = z.array(z.int());
const names = z.array(z.string());

/** Batches that a version was folded from; of the latest one when no version is named. */
export async function findCut(
  session: SqlSession,
  { assetId, partition, version }: MergePartition & { readonly version: number | undefined },
): Promise<readonly number[]> {
  const [row] = await session.run(
    `select batches from ${s}.merge_cut where asset_id = $1::integer and partition = $2 and version is not null${version === undefined ? "" : ` and version = ${version}`} order by version desc limit 1`,
    [assetId, partition],
  );
  return row === undefined ? [] : numbers.parse(JSON.parse(textOf(row, "batches")));
}

export async function nextBatchNumber(session: SqlSession): Promise<number> {
  const [row] = await session.run(`select nextval('${s}.merge_batch_number') as number`);
  if (row === undefined) throw new TypeError("A sequence gave no number");
  return numberOf(row, "number");
}

export async function insertBatch(
  session: SqlSession,
  at: MergePartition,
  { batch, stagedBy }: { readonly batch: CatalogBatch; readonly stagedBy: string },
): Promise<void> {
  await session.run(
    `insert into ${s}.merge_batch (number, asset_id, partition, schema_id, source, batch_key, generation, batch_id, digest, batch_sequence, columns, row_count, duplicate_count, rejected_count, least_time, greatest_time, staged_by)
     values ($1::integer, $2::integer, $3, $4, $5, $6, $7::integer, $8, $9, $10::bigint, $11, $12::bigint, $13::bigint, $14::bigint, $15::bigint, $16::bigint, $17)`,
    [
      batch.number,
      at.assetId,
      at.partition,
      batch.schemaId,
      batch.source,
      batch.batchKey,
      batch.generation,
      batch.batchId,
      batch.digest,
      batch.batchSequence,
      JSON.stringify(batch.columns),
      batch.rowCount,
      batch.duplicateCount,
      batch.rejectedCount,
      batch.eventTimes?.least ?? null,
      batch.eventTimes?.greatest ?? null,
      stagedBy,
    ],
  );
}

export async function insertCut(
  session: SqlSession,
  at: MergePartition,
  cut: {
    readonly cutId: string;
    readonly batches: readonly number[];
    readonly fates: object;
    readonly stagedBy: string;
  },
): Promise<void> {
  await session.run(
    `insert into ${s}.merge_cut (asset_id, partition, version, base_version, cut_id, batches, fates, staged_by) values ($1::integer, $2, null, null, $3, $4, $5, $6)`,
    [at.assetId, at.partition, cut.cutId, JSON.stringify(cut.batches), JSON.stringify(cut.fates), cut.stagedBy],
  );
}

/** How the fold sees it. Deletes, retracts, ordinals and presence bits come with feeds that tell them. */
export function toFoldBatch(batch: CatalogBatch): FoldBatch {
  return {
    number: batch.number,
    source: batch.source,
    batchSequence: batch.batchSequence,
    columns: batch.columns,
    eventTimes: batch.eventTimes,
    sequences: { least: 0n, greatest: 0n },
    greatestOrdinal: 0n,
    hasDeletes: false,
    hasRetracts: false,
    hasRowPresence: false,
  };
}

function readBatch(row: SqlRow): CatalogBatch {
  return {
    number: numberOf(row, "number"),
    schemaId: textOf(row, "schema_id"),
    source: textOf(row, "source"),
    batchKey: textOf(row, "batch_key"),
    generation: numberOf(row, "generation"),
    batchId: textOf(row, "batch_id"),
    digest: textOf(row, "digest"),
    batchSequence: BigInt(textOf(row, "batch_sequence")),
    columns: names.parse(JSON.parse(textOf(row, "columns"))),
    rowCount: numberOf(row, "row_count"),
    duplicateCount: numberOf(row, "duplicate_count"),
    rejectedCount: numberOf(row, "rejected_count"),
    eventTimes: readExtent(row, "time"),
  };
}

export function readExtent(row: SqlRow, name: string): CatalogBatch["eventTimes"] {
  const least = row[`least_${name}`];
  if (least === null || least === undefined) return null;
  return { least: BigInt(least), greatest: BigInt(textOf(row, `greatest_${name}`)) };
}
