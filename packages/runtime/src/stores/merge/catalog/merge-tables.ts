import { internalSchema as s } from "../../catalog/names.ts";
import { textOf, type SqlSession } from "../../sql-session.ts";

/** A column of a table of merges, and its type, which all engines have. */
export type TableColumn = readonly [name: string, type: string];

const batchColumns: readonly TableColumn[] = [
  ["number", "integer not null"],
  ["asset_id", "integer not null"],
  ["partition", "varchar not null"],
  ["schema_id", "varchar not null"],
  ["source", "varchar not null"],
  ["batch_key", "varchar not null"],
  ["generation", "integer not null"],
  ["batch_id", "varchar not null"],
  ["digest", "varchar not null"],
  ["batch_sequence", "bigint not null"],
  ["columns", "varchar not null"],
  ["row_count", "bigint not null"],
  ["duplicate_count", "bigint not null"],
  ["rejected_count", "bigint not null"],
  ["least_time", "bigint"],
  ["greatest_time", "bigint"],
  ["staged_by", "varchar"],
];

/** What came later: a store that was made before gets them, empty. */
const addedBatchColumns: readonly TableColumn[] = [
  ["part", "varchar"],
  ["emits", "varchar"],
  ["epoch", "integer"],
  ["least_sequence", "bigint"],
  ["greatest_sequence", "bigint"],
  ["has_deletes", "boolean"],
  ["has_retracts", "boolean"],
  ["has_row_presence", "boolean"],
  ["base_batch_id", "varchar"],
  ["cursor_from", "varchar"],
  ["cursor_to", "varchar"],
  ["promise", "varchar"],
  ["origin", "varchar"],
  ["lateness", "varchar"],
  ["late_bounds", "varchar"],
  ["sealed_at", "timestamptz"],
  ["since_version", "integer"],
  ["outside_count", "bigint"],
  ["settled_count", "bigint"],
  ["settled_before", "bigint"],
];

const cutColumns: readonly TableColumn[] = [
  ["asset_id", "integer not null"],
  ["partition", "varchar not null"],
  ["version", "integer"],
  ["base_version", "integer"],
  ["cut_id", "varchar not null"],
  ["batches", "varchar not null"],
  ["fates", "varchar not null"],
  ["staged_by", "varchar not null"],
];

const addedCutColumns: readonly TableColumn[] = [
  ["cut", "varchar"],
  ["standings", "varchar"],
  ["orders", "varchar"],
  ["fold_id", "varchar"],
  ["fold_fates", "varchar"],
  ["as_of", "varchar"],
  ["late_count", "bigint"],
  ["settled_count", "bigint"],
];

const epochColumns: readonly TableColumn[] = [
  ["asset_id", "integer not null"],
  ["number", "integer not null"],
  ["schema_id", "varchar not null"],
  ["hash", "varchar not null"],
  ["fields", "varchar not null"],
  ["note", "varchar"],
  ["registered_at", "timestamptz"],
  ["staged_by", "varchar"],
];

const derivedColumns: readonly TableColumn[] = [
  ["asset_id", "integer not null"],
  ["number", "integer not null"],
  ["derived_number", "integer not null"],
  ["reading", "varchar not null"],
  ["schema_id", "varchar not null"],
  ["columns", "varchar not null"],
  ["has_row_presence", "boolean not null"],
  ["failed_count", "bigint not null"],
];

const tables = {
  merge_batch: { columns: batchColumns, added: addedBatchColumns },
  merge_cut: { columns: cutColumns, added: addedCutColumns },
  merge_epoch: { columns: epochColumns, added: [] },
  merge_derived: { columns: derivedColumns, added: [] },
} as const;

/**
 * What merges know of their batches. A batch is sealed once and never changes; a *cut* says which batches one version is folded from, so that a version
 * of any environment, and one that readers were taken back to, has its own. A batch, cut or epoch that was staged by an attempt is nobody's yet.
 */
export function renderMergeCatalog(): readonly string[] {
  return [
    `create sequence if not exists ${s}.merge_batch_number`,
    ...Object.entries(tables).map(([name, { columns, added }]) => {
      const list = [...columns, ...added].map((column) => column.join(" ")).join(", ");
      return `create table if not exists ${s}.${name} (${list})`;
    }),
  ];
}

/** Gives tables of an older store the columns that came later. */
export async function addMergeColumns(session: SqlSession): Promise<void> {
  for (const [name, { added }] of Object.entries(tables)) await addColumns(session, name, added);
}

/** Adds the columns that a table lacks. It is looked up first: to alter a table would be in the way of those who write to it. */
export async function addColumns(session: SqlSession, table: string, columns: readonly TableColumn[]): Promise<void> {
  const rows = await session.run(
    "select column_name from information_schema.columns where table_schema = $1 and table_name = $2",
    [s, table],
  );
  const present = new Set(rows.map((row) => textOf(row, "column_name")));
  for (const [name, type] of columns) {
    if (!present.has(name)) await session.run(`alter table ${s}."${table}" add column if not exists ${name} ${type}`);
  }
}
