import { unreachable } from "@watersmeet/core/errors";
import type { ColumnType, RowSchema } from "@watersmeet/core/schema";
import { quoteIdentifier, quoteLiteral } from "../../exchange/quote.ts";
import { internalSchema, tableNames } from "../catalog/names.ts";
import type { Dialect } from "../dialect.ts";
import { columnsIdOf } from "../stamped/stamped-table.ts";
import { sqlStateOf } from "./pg-error.ts";

/** Name of the table in which attempts of a partitioned asset stage rows side by side. */
export function stagingTableOf(assetId: number): string {
  return `${internalSchema}.${quoteIdentifier(`a${assetId}_stage`)}`;
}

/** Name of the setting that a transaction gives to the rows that it copies into a staging table. */
export const stagingIdSetting = "watersmeet.staging_id";

/** `schema` is where readers find the views; `serverVersion` e.g. 180004. */
export function createPgDialect({
  schema,
  serverVersion,
}: {
  readonly schema: string;
  readonly serverVersion: number;
}): Dialect {
  return {
    renderType: renderPgType,
    // The same microseconds: arithmetic on bytes costs a tenth of that on numerics.
    renderEpochMicros: (expression) =>
      serverVersion >= 180_000
        ? `(timestamptz_send(${expression})::int8 + 946684800000000)`
        : `(extract(epoch from ${expression}) * 1000000)::bigint`,
    renderView: (asset) => `${quoteIdentifier(schema)}.${quoteIdentifier(asset)}`,
    renderInputHead: (name) => `${name} as not materialized`,
    renderJson: (expression) => expression,
    rowId: "ctid",
    updatedTableOptions: vacuumed,
    // Whoever else describes the table holds its lock until its transaction ends.
    renderColumnsOf: (table) =>
      `select column_name from information_schema.columns where table_schema = ${quoteLiteral(internalSchema)} and table_name = ${quoteLiteral(table)}`,
    renderAnalyze: (table, columns) => [`analyze (skip_locked) ${table} (${columns.join(", ")})`],
    // It would look up each of a few thousand rows by reading the whole other table, or sort all of it.
    aroundLargeJoin: [
      ["set local enable_nestloop = off", "set local enable_mergejoin = off"],
      ["set local enable_nestloop = on", "set local enable_mergejoin = on"],
    ],
    createOwnChanges: "create unlogged table",
    // It would read the whole table to find a few rows whose places it is told.
    aroundRowIds: [
      ["set local enable_hashjoin = off", "set local enable_mergejoin = off"],
      ["set local enable_hashjoin = on", "set local enable_mergejoin = on"],
    ],
    renderChangesTable,
    renderAssetTables,
    listColumnTables: (assetId) => [tableNames.live(assetId), tableNames.hist(assetId), stagingTableOf(assetId)],
    foldsCase: false,
    maxNameBytes: 63,
    serve,
    renderCanonical,
    renderHash: (bytes) => `sha256(${bytes})`,
    renderHashSum: (hash, half) => {
      const part = `substr(${hash}, ${half * 8 + 1}, 8)`;
      return `sum(${serverVersion >= 180_000 ? `${part}::int8` : `('x' || encode(${part}, 'hex'))::bit(64)::int8`})`;
    },
    renderByteLength: (bytes) => `octet_length(${bytes})`,
    renderTextLength: (quoted) => `char_length(${quoted})`,
    renderPatternMatch: (quoted, pattern) => `${quoted} ~ ${quoteLiteral(pattern)}`,
    renderIsFinite: (quoted) => `${quoted} <> all (array['NaN', 'Infinity', '-Infinity']::double precision[])`,
    renderSortable: (quoted, type) => (type.kind === "text" ? `${quoted} collate "C"` : quoted),
  };
}

export function renderPgType(type: ColumnType): string {
  switch (type.kind) {
    case "text":
      return "text";
    case "integer":
    case "bigint":
      return "bigint";
    case "double":
      return "double precision";
    case "decimal":
      return `numeric(${type.precision},${type.scale})`;
    case "boolean":
      return "boolean";
    case "date":
      return "date";
    case "timestamp":
      return "timestamptz";
    case "json":
      return "jsonb";
    default:
      return unreachable(type);
  }
}

export function renderPgColumns(schema: RowSchema): string {
  return schema.columns.map(({ name, type }) => `${quoteIdentifier(name)} ${renderPgType(type)}`).join(", ");
}

// Rows come and go by parts: waiting for the usual fifth of them would let dead ones pile up.
const vacuumed = " with (autovacuum_vacuum_scale_factor = 0.05)";

/** Attempts that were staged under another schema have another table. */
export function changesTableOf(assetId: number, schema: RowSchema): string {
  return `${internalSchema}.${quoteIdentifier(`a${assetId}_changes_${columnsIdOf(schema).slice(0, 8)}`)}`;
}

function renderChangesTable(assetId: number, schema: RowSchema): readonly string[] {
  const table = changesTableOf(assetId, schema);
  const index = quoteIdentifier(`a${assetId}_changes_${columnsIdOf(schema).slice(0, 8)}_sid`);
  return [
    `create unlogged table if not exists ${table} (_sid integer not null, _sign smallint not null, ${renderPgColumns(schema)})${vacuumed}`,
    `create index if not exists ${index} on ${table} (_sid)`,
  ];
}

function renderAssetTables(assetId: number, schema: RowSchema): readonly string[] {
  const columns = renderPgColumns(schema);
  const live = tableNames.live(assetId);
  const hist = tableNames.hist(assetId);
  const staging = stagingTableOf(assetId);
  return [
    `create table ${live} (_vid integer, ${columns})${vacuumed}`,
    `create index on ${live} (_vid)`,
    `create table ${hist} (_vid integer, ${columns})${vacuumed}`,
    `create index on ${hist} (_vid)`,
    `create unlogged table ${staging} (_sid integer default current_setting('${stagingIdSetting}')::integer, ${columns})${vacuumed}`,
    `create index on ${staging} (_sid)`,
  ];
}

/** Postgres lets a view be replaced only by one with more columns at its end; any other view is made anew. */
const serve: Dialect["serve"] = async (session, view, select) => {
  await session.run("savepoint serve");
  try {
    await session.run(`create or replace view ${view} as ${select}`);
  } catch (error) {
    if (sqlStateOf(error) !== "42P16") throw error;
    await session.run("rollback to savepoint serve");
    await session.run(`drop view ${view}`);
    await session.run(`create view ${view} as ${select}`);
  }
  await session.run("release savepoint serve");
};

function renderCanonical(quoted: string, type: ColumnType): string {
  switch (type.kind) {
    case "integer":
    case "bigint":
      return renderFixed(`int8send(${quoted})`);
    case "double":
      return renderFixed(`float8send(${quoted} + 0.0)`);
    case "boolean":
      return renderFixed(`boolsend(${quoted})`);
    case "date":
      return renderFixed(`date_send(${quoted})`);
    case "timestamp":
      return renderFixed(`timestamptz_send(${quoted})`);
    case "text":
    case "json":
    case "decimal": {
      const text = type.kind === "text" ? quoted : `${quoted}::text`;
      return `coalesce(int4send(octet_length(${text})) || textsend(${text}), '\\xffffffff'::bytea)`;
    }
    default:
      return unreachable(type);
  }
}

function renderFixed(bytes: string): string {
  return `coalesce('\\x01'::bytea || ${bytes}, '\\x00'::bytea)`;
}
