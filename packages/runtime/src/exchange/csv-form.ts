import type { Column, RowSchema } from "@watersmeet/core/schema";
import { renderDuckdbType } from "./column-types.ts";
import { quoteIdentifier, quoteLiteral } from "./quote.ts";

/**
 * The CSV that crosses between DuckDB and Postgres: no header; NULL is `\N` unquoted, a quoted `\N` is the text; dates and timestamps are DuckDB's text in UTC,
 * `2001-01-31` and `2001-01-31 05:00:00.123456`, with ` (BC)` after years before 1. Postgres reads that text as it stands.
 */
export const csvWriteOptions = "format csv, header false, nullstr '\\N'";

/** A SELECT in DuckDB that reads such a file into the columns of the schema. Without `allow_quoted_nulls = false` the text `\N` would turn into NULL. */
export function renderCsvScan(schema: RowSchema, path: string): string {
  const declared = schema.columns.map(
    ({ name, type }) => `${quoteLiteral(name)}: ${quoteLiteral(renderDuckdbType(type))}`,
  );
  const options = [
    "header = false",
    "auto_detect = false",
    `columns = {${declared.join(", ")}}`,
    "nullstr = '\\N'",
    "allow_quoted_nulls = false",
    "delim = ','",
    "quote = '\"'",
    "escape = '\"'",
    // Without it, a line break inside the first text decides what ends a row.
    "new_line = '\\n'",
    "parallel = false",
    // The longest row; the buffer holds two of them.
    "max_line_size = 16777216",
    "buffer_size = 33554432",
  ];
  const columns = schema.columns.map(({ name }) => quoteIdentifier(name));
  return `select ${columns.join(", ")} from read_csv(${quoteLiteral(path)}, ${options.join(", ")})`;
}

/** What Postgres copies out so that `renderCsvScan` reads it: the columns as expressions over `q`. */
export function renderPostgresCsvColumn({ name, type }: Column): string {
  const quoted = `q.${quoteIdentifier(name)}`;
  if (type.kind === "timestamp")
    return `replace((${quoted} at time zone 'UTC')::text, ' BC', ' (BC)') as ${quoteIdentifier(name)}`;
  if (type.kind === "date") return `replace(${quoted}::text, ' BC', ' (BC)') as ${quoteIdentifier(name)}`;
  return quoted;
}
