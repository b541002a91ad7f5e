import { unreachable } from "@watersmeet/core/errors";
import type { ColumnType } from "@watersmeet/core/schema";
import { renderDuckdbColumns, renderDuckdbType } from "../../exchange/column-types.ts";
import { quoteIdentifier, quoteLiteral } from "../../exchange/quote.ts";
import { internalSchema, tableNames } from "../catalog/names.ts";
import type { Dialect } from "../dialect.ts";

/** Name of the function, made when the file is opened, that writes JSON as `canonicalJson` does. */
export const jsonFunction = "_watersmeet_json";

export const duckdbDialect: Dialect = {
  renderType: renderDuckdbType,
  renderEpochMicros: (expression) => `epoch_us(${expression})`,
  renderView: (asset) => `main.${quoteIdentifier(asset)}`,
  renderInputHead: (name) => `${name} as`,
  renderJson: (expression) => `${jsonFunction}(${expression}::varchar)::json`,
  rowId: "rowid",
  updatedTableOptions: "",
  // The views of the information schema go through every table: 10 ms for 1,000 versions of a feed.
  renderColumnsOf: (table) =>
    `select name as column_name from pragma_table_info(${quoteLiteral(`${internalSchema}.${table}`)})`,
  renderAnalyze: () => [],
  aroundLargeJoin: [[], []],
  createOwnChanges: null,
  aroundRowIds: [[], []],
  // Staged changes stand in memory, in tables that `StagingArea` makes.
  renderChangesTable: () => [],
  renderAssetTables: (assetId, schema) =>
    [tableNames.live(assetId), tableNames.hist(assetId)].map(
      (table) => `create table ${table} (_vid integer, ${renderDuckdbColumns(schema)})`,
    ),
  listColumnTables: (assetId) => [tableNames.live(assetId), tableNames.hist(assetId)],
  foldsCase: true,
  maxNameBytes: null,
  async serve(session, view, select) {
    await session.run(`create or replace view ${view} as ${select}`);
  },
  renderCanonical,
  renderHash: (bytes) => `sha256(${bytes})`,
  renderHashSum: (hash, half) => `sum(('0x' || ${hash}[${half * 16 + 1}:${half * 16 + 16}])::ubigint)`,
  renderByteLength: (bytes) => `octet_length(${bytes})`,
  renderTextLength: (quoted) => `length(${quoted})`,
  renderPatternMatch: (quoted, pattern) => `regexp_matches(${quoted}, ${quoteLiteral(pattern)})`,
  renderIsFinite: (quoted) => `isfinite(${quoted})`,
  renderSortable: (quoted) => quoted,
};

function renderCanonical(quoted: string, type: ColumnType): string {
  switch (type.kind) {
    case "integer":
    case "bigint":
      return renderFixed(`${quoted}::bit::blob`);
    case "double":
      return renderFixed(`(${quoted} + 0.0::double)::bit::blob`);
    case "boolean":
      return `case when ${quoted} is null then '\\x00'::blob when ${quoted} then '\\x01\\x01'::blob else '\\x01\\x00'::blob end`;
    case "date":
      return renderFixed(`(${quoted} - date '2000-01-01')::integer::bit::blob`);
    case "timestamp":
      return renderFixed(`(epoch_us(${quoted}) - 946684800000000)::bit::blob`);
    case "text":
    case "json":
    case "decimal": {
      const text = type.kind === "text" ? quoted : `${quoted}::varchar`;
      return `coalesce(strlen(${text})::integer::bit::blob || encode(${text}), '\\xFF\\xFF\\xFF\\xFF'::blob)`;
    }
    default:
      return unreachable(type);
  }
}

function renderFixed(bytes: string): string {
  return `coalesce('\\x01'::blob || ${bytes}, '\\x00'::blob)`;
}
