import type { BatchPart, Extent, FoldBatch, LateClass } from "@watersmeet/core/merge";
import { internalSchema as s } from "../../catalog/names.ts";
import { renderInstant } from "../../catalog/read-catalog.ts";
import type { Dialect } from "../../dialect.ts";
import type { BatchOrigin, Delivery } from "../../port/staged-merge.ts";
import { numberOf, textOf, type SqlRow, type SqlSession, type SqlValue } from "../../sql-session.ts";

/** A sealed batch as the catalog has it. */
export interface CatalogBatch {
  readonly number: number;
  readonly schemaId: string;
  readonly source: string;
  /** Of the delivery: its parts share it. */
  readonly batchKey: string;
  readonly part: BatchPart;
  readonly generation: number;
  readonly batchId: string;
  readonly digest: string;
  readonly batchSequence: bigint;
  /** Columns that it carries, without the key. */
  readonly columns: readonly string[];
  /** Contributions, duplicates and rejected ones included. */
  readonly rowCount: number;
  readonly duplicateCount: number;
  readonly rejectedCount: number;
  /** Rows of the delivery that belong to other partitions, and are none of its contributions. */
  readonly outsideCount: number;
  readonly eventTimes: Extent | null;
  readonly sequences: Extent;
  readonly hasDeletes: boolean;
  readonly hasRetracts: boolean;
  readonly hasRowPresence: boolean;
  readonly emits: Delivery["emits"];
  readonly epoch: number;
  /** Of a snapshot: the batch that it is the difference to. */
  readonly baseBatchId: string | null;
  readonly cursor: Delivery["cursor"];
  readonly promise: Delivery["promise"];
  readonly origin: BatchOrigin | null;
  readonly lateness: Readonly<Partial<Record<LateClass, number>>>;
  /** Times that the classes were judged by; `null`: everything was on time. */
  readonly lateBounds: StoredBounds | null;
  /** ISO-8601 UTC; `null` in the attempt that seals it. */
  readonly sealedAt: string | null;
  readonly sinceVersion: number | null;
  /** Of its contributions those that retention has removed: they had lost, or had nothing left to hide. */
  readonly settledCount: number;
  /** Microseconds, as text: what it says of earlier times has been settled, and it cannot be taken back any more (M14). */
  readonly settledBefore: string | null;
}

/** Microseconds as text: what is before is of the class, the first that fits counts. */
export type StoredBounds = Readonly<Partial<Record<Exclude<LateClass, "onTime">, string>>>;

/** One partition of a merge. */
export interface MergePartition {
  readonly assetId: number;
  readonly partition: string;
}

/** Published batches of a merge's partition, oldest first. */
export async function listBatches(
  session: SqlSession,
  dialect: Dialect,
  at: MergePartition,
): Promise<readonly CatalogBatch[]> {
  const rows = await session.run(
    `select ${renderBatchColumns(dialect, "b")} from ${s}.merge_batch b where asset_id = $1::integer and partition = $2 and staged_by is null order by number`,
    [at.assetId, at.partition],
  );
  return rows.map(readBatch);
}

/** Numbers that no batch has had. */
export async function takeBatchNumbers(session: SqlSession, count: number): Promise<readonly number[]> {
  if (count === 0) return [];
  const rows = await session.run(
    `select nextval('${s}.merge_batch_number') as number from (select unnest($1::integer[])) as wanted`,
    [Array.from({ length: count }, (_, index) => index)],
  );
  return rows.map((row) => numberOf(row, "number"));
}

type Scalar = string | number | bigint | boolean | null;

/** Columns of the table, their types, and what a batch has in them. */
const written: readonly (readonly [column: string, type: string, value: (batch: CatalogBatch) => Scalar])[] = [
  ["number", "integer", (batch) => batch.number],
  ["schema_id", "varchar", (batch) => batch.schemaId],
  ["source", "varchar", (batch) => batch.source],
  ["batch_key", "varchar", (batch) => batch.batchKey],
  ["part", "varchar", (batch) => batch.part],
  ["generation", "integer", (batch) => batch.generation],
  ["batch_id", "varchar", (batch) => batch.batchId],
  ["digest", "varchar", (batch) => batch.digest],
  ["batch_sequence", "bigint", (batch) => batch.batchSequence],
  ["columns", "varchar", (batch) => JSON.stringify(batch.columns)],
  ["row_count", "bigint", (batch) => batch.rowCount],
  ["duplicate_count", "bigint", (batch) => batch.duplicateCount],
  ["rejected_count", "bigint", (batch) => batch.rejectedCount],
  ["outside_count", "bigint", (batch) => batch.outsideCount],
  ["least_time", "bigint", (batch) => batch.eventTimes?.least ?? null],
  ["greatest_time", "bigint", (batch) => batch.eventTimes?.greatest ?? null],
  ["least_sequence", "bigint", (batch) => batch.sequences.least],
  ["greatest_sequence", "bigint", (batch) => batch.sequences.greatest],
  ["has_deletes", "boolean", (batch) => batch.hasDeletes],
  ["has_retracts", "boolean", (batch) => batch.hasRetracts],
  ["has_row_presence", "boolean", (batch) => batch.hasRowPresence],
  ["emits", "varchar", (batch) => batch.emits],
  ["epoch", "integer", (batch) => batch.epoch],
  ["base_batch_id", "varchar", (batch) => batch.baseBatchId],
  ["cursor_from", "varchar", (batch) => batch.cursor?.from ?? null],
  ["cursor_to", "varchar", (batch) => batch.cursor?.to ?? null],
  ["promise", "varchar", (batch) => jsonOrNull(batch.promise)],
  ["origin", "varchar", (batch) => jsonOrNull(batch.origin)],
  ["lateness", "varchar", (batch) => JSON.stringify(batch.lateness)],
  ["late_bounds", "varchar", (batch) => jsonOrNull(batch.lateBounds)],
];

/** Writes sealed batches down as an attempt's. */
export async function insertBatches(
  session: SqlSession,
  at: MergePartition,
  { batches, stagedBy }: { readonly batches: readonly CatalogBatch[]; readonly stagedBy: string },
): Promise<void> {
  if (batches.length === 0) return;
  const names = written.map(([column]) => column);
  const values = written.map(([, type], index) => `unnest($${index + 4}::${type}[])`);
  const lists = written.map(([, , value]): SqlValue => batches.map(value));
  await session.run(
    `insert into ${s}.merge_batch (asset_id, partition, staged_by, sealed_at, ${names.join(", ")}) select $1::integer, $2, $3, now(), ${values.join(", ")}`,
    [at.assetId, at.partition, stagedBy, ...lists],
  );
}

/** How the fold sees it. */
export function toFoldBatch(batch: CatalogBatch): FoldBatch {
  return {
    number: batch.number,
    source: batch.source,
    batchSequence: batch.batchSequence,
    columns: batch.columns,
    eventTimes: batch.eventTimes,
    sequences: batch.sequences,
    greatestOrdinal: 0n,
    hasDeletes: batch.hasDeletes,
    hasRetracts: batch.hasRetracts,
    hasRowPresence: batch.hasRowPresence,
  };
}

/** Columns of `merge_batch` for `readBatch`. */
export function renderBatchColumns(dialect: Dialect, alias: string): string {
  return `${alias}.*, ${dialect.renderEpochMicros(`${alias}.sealed_at`)} as sealed_micros`;
}

/** What is missing was written before batches had it. */
export function readBatch(row: SqlRow): CatalogBatch {
  const columns: readonly string[] = readJson(row, "columns", []);
  const part: BatchPart = readText(row, "part", "main");
  const emits: Delivery["emits"] = readText(row, "emits", "state");
  const promise: Delivery["promise"] = readJson(row, "promise", null);
  const origin: BatchOrigin | null = readJson(row, "origin", null);
  const lateness: CatalogBatch["lateness"] = readJson(row, "lateness", {});
  const lateBounds: StoredBounds | null = readJson(row, "late_bounds", null);
  const sealed = row["sealed_micros"] ?? null;
  const to = row["cursor_to"] ?? null;
  return {
    number: numberOf(row, "number"),
    schemaId: textOf(row, "schema_id"),
    source: textOf(row, "source"),
    batchKey: textOf(row, "batch_key"),
    part,
    generation: numberOf(row, "generation"),
    batchId: textOf(row, "batch_id"),
    digest: textOf(row, "digest"),
    batchSequence: BigInt(textOf(row, "batch_sequence")),
    columns,
    rowCount: numberOf(row, "row_count"),
    duplicateCount: numberOf(row, "duplicate_count"),
    rejectedCount: numberOf(row, "rejected_count"),
    outsideCount: Number(row["outside_count"] ?? 0),
    eventTimes: readExtent(row, "time"),
    sequences: readExtent(row, "sequence") ?? { least: 0n, greatest: 0n },
    hasDeletes: row["has_deletes"] === "true",
    hasRetracts: row["has_retracts"] === "true",
    hasRowPresence: row["has_row_presence"] === "true",
    emits,
    epoch: Number(row["epoch"] ?? 1),
    baseBatchId: row["base_batch_id"] ?? null,
    cursor: to === null ? null : { from: row["cursor_from"] ?? null, to },
    promise,
    origin,
    lateness,
    lateBounds,
    sealedAt: sealed === null ? null : renderInstant(BigInt(sealed)),
    sinceVersion:
      row["since_version"] === null || row["since_version"] === undefined ? null : Number(row["since_version"]),
    settledCount: Number(row["settled_count"] ?? 0),
    settledBefore: row["settled_before"] ?? null,
  };
}

export function readExtent(row: SqlRow, name: string): Extent | null {
  const least = row[`least_${name}`];
  if (least === null || least === undefined) return null;
  return { least: BigInt(least), greatest: BigInt(textOf(row, `greatest_${name}`)) };
}

/** JSON that this code wrote; what it holds is for the caller to say. */
export function readJson<T>(row: SqlRow, name: string, otherwise: T): T {
  const text = row[name];
  return text === null || text === undefined ? otherwise : JSON.parse(text);
}

/** A word that this code wrote. */
function readText<T extends string>(row: SqlRow, name: string, otherwise: T): T {
  // Only words of the type are ever written.
  return (row[name] ?? otherwise) as T;
}

function jsonOrNull(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}
