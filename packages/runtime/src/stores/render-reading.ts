import type { ColumnType, RowSchema } from "@watersmeet/core/schema";
import { quoteIdentifier } from "../exchange/quote.ts";
import type { Dialect } from "./dialect.ts";

/** Where rows of pinned versions stand: a table, its columns, and which of its rows (`null`: all). */
export interface RowPlace {
  readonly table: string;
  /** Lower-cased names of the columns that the table has. */
  readonly columns: ReadonlySet<string>;
  /** Names of its columns by their field ids: what was renamed is found there. @default nothing was */
  readonly fields?: ReadonlyMap<string, string>;
  readonly condition: string | null;
}

/** A SELECT of the rows at some places, columns in schema order; a column that a place lacks is NULL. Versions are literals: no join, no parameter. */
export function renderReading(dialect: Dialect, schema: RowSchema, places: readonly RowPlace[]): string {
  if (places.length === 0)
    return `select ${schema.columns.map((column) => `null::${dialect.renderType(column.type)} as ${quoteIdentifier(column.name)}`).join(", ")} where false`;
  return places.map((place) => renderPlace(dialect, schema, place)).join(" union all ");
}

function renderPlace(dialect: Dialect, schema: RowSchema, place: RowPlace): string {
  const columns = schema.columns.map(({ name, type, field = name }) => {
    const quoted = quoteIdentifier(name);
    if (place.columns.has(name.toLowerCase())) return quoted;
    const before = place.fields?.get(field);
    const value = before === undefined ? "null" : quoteIdentifier(before);
    return `${value}::${dialect.renderType(type)} as ${quoted}`;
  });
  const condition = place.condition === null ? "" : ` where ${place.condition}`;
  return `select ${columns.join(", ")} from ${place.table}${condition}`;
}

/** Versions as ranges of consecutive numbers: a backfill's versions are mostly a few. */
export function renderLiteralVersions(versions: readonly number[]): string {
  const sorted = [...new Set(versions)].sort((a, b) => a - b);
  const ranges: { from: number; to: number }[] = [];
  for (const version of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && version === last.to + 1) last.to = version;
    else ranges.push({ from: version, to: version });
  }
  const singles = ranges
    .filter((range) => range.to - range.from < 2)
    .flatMap((range) => (range.from === range.to ? [range.from] : [range.from, range.to]));
  const wide = ranges
    .filter((range) => range.to - range.from >= 2)
    .map((range) => `_vid between ${range.from} and ${range.to}`);
  if (singles.length > 64)
    return `(${[...wide, `_vid in (select unnest(array[${singles.join(", ")}]))`].join(" or ")})`;
  return `(${[...wide, ...(singles.length === 0 ? [] : [`_vid in (${singles.join(", ")})`])].join(" or ")})`;
}

/** A user's query, and a SELECT for each of its inputs. */
export interface RenderedQuery {
  readonly sql: string;
  readonly inputs: readonly string[];
}

/** The query over its inputs, as a SELECT of the columns in their order and types; a column that the query does not deliver is an error of the engine. */
export function renderQuerySelection(dialect: Dialect, query: RenderedQuery, schema: RowSchema): string {
  const inputs = query.inputs.map((select, index) => `${dialect.renderInputHead(`input_${index}`)} (${select})`);
  const columns = schema.columns.map(({ name, type }) => {
    const value = renderCast(dialect, `q.${quoteIdentifier(name)}`, type);
    return `${value} as ${quoteIdentifier(name)}`;
  });
  const head = inputs.length === 0 ? "" : `with ${inputs.join(", ")} `;
  // The user's text may end in a comment.
  return `${head}select ${columns.join(", ")} from (${query.sql}\n) as q`;
}

function renderCast(dialect: Dialect, value: string, type: ColumnType): string {
  const cast = `${value}::${dialect.renderType(type)}`;
  // Adding zero turns -0 into 0: they are equal, yet their bytes are not.
  if (type.kind === "double") return `${cast} + 0.0`;
  return type.kind === "json" ? dialect.renderJson(cast) : cast;
}
