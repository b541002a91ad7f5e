import type { Column } from "@watersmeet/core/schema";

/** The columns' quoted names: `"id", "name"`. Both engines quote alike. */
export function renderColumnNames(columns: readonly Pick<Column, "name">[]): string {
  return columns.map((column) => quoteIdentifier(column.name)).join(", ");
}

/** The only way in which a name gets into SQL. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text literal, for the few places that take no parameter (COPY targets, table functions' options). Both engines: standard strings. */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
