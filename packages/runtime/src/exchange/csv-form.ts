import type { Column, RowSchema } from "@watersmeet/core/schema";
import { renderDuckdbType } from "./column-types.ts";
import { quoteIdentifier, quoteLiteral } from "./quote.ts";

/**
 * The CSV that crosses between DuckDB and Postgres: no header, NULL is `\N` unquoted (a quoted `\N` is the text), dates are days
 * since 1970-01-01 and timestamps are microseconds since then: both engines agree on integers, not on the text of far years.
 */

/** A SELECT in DuckDB of the rows of `source` in the form of the file. */
export function renderCsvSelection(schema: RowSchema, source: string): string {
  return `select ${schema.columns.map(renderCsvColumn).join(", ")} from ${source}`;
}

function renderCsvColumn({ name, type }: Column): string {
  const quoted = quoteIdentifier(name);
  if (type.kind === "timestamp") return `epoch_us(${quoted}) as ${quoted}`;
  if (type.kind === "date") return `(${quoted} - date '1970-01-01') as ${quoted}`;
  return quoted;
}

/** A SELECT in DuckDB that reads such a file back into the columns of the schema. */
export function renderCsvScan(schema: RowSchema, path: string): string {
  const declared = schema.columns.map(
    ({ name, type }) =>
      `${quoteLiteral(name)}: ${quoteLiteral(isNumbered(type.kind) ? "bigint" : renderDuckdbType(type))}`,
  );
  const options = `header = false, auto_detect = false, columns = {${declared.join(", ")}}, nullstr = '\\N', allow_quoted_nulls = false, delim = ',', quote = '"', escape = '"', strict_mode = true, max_line_size = 16777216, buffer_size = 33554432`;
  const columns = schema.columns.map(({ name, type }) => {
    const quoted = quoteIdentifier(name);
    if (type.kind === "timestamp") return `make_timestamp(${quoted}) as ${quoted}`;
    if (type.kind === "date") return `(date '1970-01-01' + ${quoted}::integer) as ${quoted}`;
    return quoted;
  });
  return `select ${columns.join(", ")} from read_csv(${quoteLiteral(path)}, ${options})`;
}

/** Whether the type travels as a plain integer. */
export function isNumbered(kind: Column["type"]["kind"]): boolean {
  return kind === "timestamp" || kind === "date";
}
