import { canonicalJson, type Row } from "@watersmeet/core/schema";

/** The key of a row as text, alike in every form of the schema that has these columns. */
export function nameKey(row: Row, columns: readonly string[]): string {
  return JSON.stringify(columns.map((column) => renderCell(row[column])));
}

/** A value as text: a widened number is the number that it was. */
export function renderCell(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === "object" ? canonicalJson(value) : String(value);
}
