/**
 * A zod object schema read as the columns of a table. The form of a value in JavaScript, in a batch and in a store follows from its type:
 *
 * | type      | in JavaScript                                   | DuckDB       | Postgres      |
 * |-----------|-------------------------------------------------|--------------|---------------|
 * | text      | string                                          | varchar      | text          |
 * | integer   | number (safe integer)                           | bigint       | bigint        |
 * | bigint    | bigint                                          | bigint       | bigint        |
 * | double    | number                                          | double       | double precision |
 * | decimal   | string, e.g. "12.50"                            | decimal(p,s) | numeric(p,s)  |
 * | boolean   | boolean                                         | boolean      | boolean       |
 * | date      | string, "2001-01-31"                            | date         | date          |
 * | timestamp | string in UTC, "2001-01-31T05:00:00.123456Z", trailing zeros of the fraction trimmed | timestamp | timestamptz |
 * | json      | JSON value                                      | json         | jsonb         |
 */
export type ColumnType =
  | { readonly kind: "text"; readonly values?: readonly string[] }
  | { readonly kind: "integer" }
  | { readonly kind: "bigint" }
  | { readonly kind: "double" }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "boolean" }
  | { readonly kind: "date" }
  | { readonly kind: "timestamp" }
  | { readonly kind: "json" };

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Whether the column may hold NULL, because the schema says nullable, optional or both. */
  readonly isNullable: boolean;
  /** How a stored NULL reads back in JavaScript: `null`, or an absent property when the schema is optional but not nullable. */
  readonly nullAs: "null" | "absent";
  /** Identity that stays when the column is renamed, from `.meta({ field: "old_name" })`. @default the column's name */
  readonly field?: string;
  /** What its values measure, from `.meta({ unit: "EUR" })`. @default nothing is said */
  readonly unit?: string;
}

/** Columns in the order of the zod object's keys. */
export interface RowSchema {
  readonly columns: readonly Column[];
}

/** One row at the JavaScript edge. */
export type Row = Readonly<Record<string, unknown>>;
