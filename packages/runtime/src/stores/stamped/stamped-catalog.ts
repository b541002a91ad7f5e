import type { Column, RowSchema } from "@watersmeet/core/schema";
import { internalSchema as s, tableNames } from "../catalog/names.ts";
import type { CatalogAsset } from "../catalog/read-catalog.ts";
import { numberOf, textOf, type SqlRow, type SqlSession } from "../sql-session.ts";
import type { StampedRows } from "./stamped-table.ts";

/**
 * What the store knows of stamped assets, the same on both engines. Tables are numbered per asset, like strands; `stamped_version` has one row per version that is kept
 * so: what it takes to measure the next one by its difference. Versions without a row there stand in the asset's other tables.
 */
export function renderStampedCatalog(): readonly string[] {
  return [
    `create table if not exists ${s}.stamped_asset (asset_id integer primary key, columns varchar not null, served varchar)`,
    `create table if not exists ${s}.stamped_table (asset_id integer not null, number integer not null, columns varchar not null, primary key (asset_id, number))`,
    `create table if not exists ${s}.stamped_strand (asset_id integer not null, strand integer not null, partition varchar not null, table_number integer not null, tip integer not null, primary key (asset_id, strand))`,
    `create table if not exists ${s}.stamped_version (asset_id integer not null, version integer not null, strand integer not null, columns_id varchar not null, sum_0 varchar, sum_1 varchar, checks_id varchar, row_checks varchar, opened_rows bigint not null, closed_rows bigint not null, primary key (asset_id, version))`,
  ];
}

/** A table of a stamped asset, and its columns. */
export interface StampedTable {
  readonly number: number;
  readonly schema: RowSchema;
}

/** The latest version of a partition, and what is known of it. */
export interface Tip {
  readonly strand: number;
  readonly version: number;
  readonly table: StampedTable;
  readonly rows: StampedRows;
  readonly columnsId: string;
  readonly rowCount: number;
  readonly sizeBytes: number;
  /** Of the rows' digest; `null`: not known. */
  readonly sums: readonly [bigint, bigint] | null;
  /** Names the checks that all of its rows have passed. */
  readonly checksId: string | null;
  readonly rowChecks: string | null;
}

export async function findTip(
  session: SqlSession,
  asset: Pick<CatalogAsset, "assetId" | "isPartitioned">,
  partition: string,
): Promise<Tip | null> {
  const rows = await session.run(
    `${selectTip} and sv.version = st.tip where st.asset_id = $1::integer and st.partition = $2 order by st.strand desc limit 1`,
    [asset.assetId, partition],
  );
  return rows[0] === undefined ? null : readTip(asset, rows[0]);
}

/** What was a tip when a version was staged as the difference to it; the strand may have grown since. `null`: the version is gone. */
export async function findEarlierTip(
  session: SqlSession,
  asset: Pick<CatalogAsset, "assetId" | "isPartitioned">,
  version: number,
): Promise<Tip | null> {
  const rows = await session.run(`${selectTip} where st.asset_id = $1::integer and sv.version = $2::integer`, [
    asset.assetId,
    version,
  ]);
  return rows[0] === undefined ? null : readTip(asset, rows[0]);
}

const selectTip = `select st.strand, st.table_number, t.columns, sv.version, v.row_count, v.size_bytes, sv.columns_id, sv.sum_0, sv.sum_1, sv.checks_id, sv.row_checks
  from ${s}.stamped_strand st
  join ${s}.stamped_table t on t.asset_id = st.asset_id and t.number = st.table_number
  join ${s}.version v on v.asset_id = st.asset_id
  join ${s}.stamped_version sv on sv.asset_id = v.asset_id and sv.version = v.version and sv.strand = st.strand`;

function readTip(asset: Pick<CatalogAsset, "assetId" | "isPartitioned">, row: SqlRow): Tip {
  const table = { number: numberOf(row, "table_number"), schema: readColumns(textOf(row, "columns")) };
  const strand = numberOf(row, "strand");
  const sums = [row["sum_0"], row["sum_1"]];
  return {
    strand,
    version: numberOf(row, "version"),
    table,
    rows: rowsOf(asset, { strand, table: table.number }),
    columnsId: textOf(row, "columns_id"),
    rowCount: numberOf(row, "row_count"),
    sizeBytes: numberOf(row, "size_bytes"),
    sums: sums.every((sum) => typeof sum === "string")
      ? [BigInt(textOf(row, "sum_0")), BigInt(textOf(row, "sum_1"))]
      : null,
    checksId: row["checks_id"] ?? null,
    rowChecks: row["row_checks"] ?? null,
  };
}

export function rowsOf(
  { assetId, isPartitioned }: Pick<CatalogAsset, "assetId" | "isPartitioned">,
  { strand, table }: { readonly strand: number; readonly table: number },
): StampedRows {
  return { table: tableNames.stamped(assetId, table), strand: isPartitioned ? strand : null };
}

/** Tables of an asset, oldest first. */
export async function listStampedTables(session: SqlSession, assetId: number): Promise<readonly StampedTable[]> {
  const rows = await session.run(
    `select number, columns from ${s}.stamped_table where asset_id = $1::integer order by number`,
    [assetId],
  );
  return rows.map((row) => ({ number: numberOf(row, "number"), schema: readColumns(textOf(row, "columns")) }));
}

export async function insertStampedTable(session: SqlSession, assetId: number, table: StampedTable): Promise<void> {
  await session.run(
    `insert into ${s}.stamped_table (asset_id, number, columns) values ($1::integer, $2::integer, $3)`,
    [assetId, table.number, JSON.stringify(table.schema.columns)],
  );
}

export async function updateStampedTable(session: SqlSession, assetId: number, table: StampedTable): Promise<void> {
  await session.run(
    `update ${s}.stamped_table set columns = $3 where asset_id = $1::integer and number = $2::integer`,
    [assetId, table.number, JSON.stringify(table.schema.columns)],
  );
}

/** A version that is kept with stamps, and where. */
export interface StampedVersion {
  readonly version: number;
  readonly strand: number;
  readonly table: StampedTable;
  readonly isTip: boolean;
}

/** Of some versions those that are kept with stamps. */
export async function findStampedVersions(
  session: SqlSession,
  assetId: number,
  versions: readonly number[],
): Promise<readonly StampedVersion[]> {
  if (versions.length === 0) return [];
  const tables = new Map((await listStampedTables(session, assetId)).map((table) => [table.number, table]));
  const rows = await session.run(
    `select sv.version, sv.strand, st.table_number, st.tip from ${s}.stamped_version sv join ${s}.stamped_strand st on st.asset_id = sv.asset_id and st.strand = sv.strand
     where sv.asset_id = $1::integer and sv.version in (select unnest($2::integer[])) order by sv.version`,
    [assetId, versions],
  );
  return rows.map((row) => {
    const table = tables.get(numberOf(row, "table_number"));
    if (table === undefined) throw new TypeError(`The stamped table ${row["table_number"]} is not in the catalog`);
    const version = numberOf(row, "version");
    return { version, strand: numberOf(row, "strand"), table, isTip: numberOf(row, "tip") === version };
  });
}

export function readColumns(text: string): RowSchema {
  const columns: readonly Column[] = JSON.parse(text);
  return { columns };
}
