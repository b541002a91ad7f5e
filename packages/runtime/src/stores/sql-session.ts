/** What may be passed for a placeholder; lists become arrays and need a cast in the SQL: `$1::varchar[]`. */
export type SqlValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly (string | number | bigint | boolean | null)[];

/** Every value as text, whatever the engine: numbers and big integers as their digits, booleans as `true` and `false`. */
export type SqlRow = Readonly<Record<string, string | null>>;

/**
 * A connection that its holder has to itself, within a transaction where the text says so. Placeholders are `$1`, `$2` …
 * Its errors are coded: see `errors/codes/store.ts`.
 */
export interface SqlSession {
  run(sql: string, parameters?: readonly SqlValue[]): Promise<readonly SqlRow[]>;
  /** Runs an INSERT, UPDATE or DELETE; answers the number of rows. */
  change(sql: string, parameters?: readonly SqlValue[]): Promise<number>;
}

/** A cell that the query promises not to be NULL. */
export function textOf(row: SqlRow, name: string): string {
  const value = row[name];
  if (value === null || value === undefined) throw new TypeError(`The store's answer has no "${name}"`);
  return value;
}

/** A cell that holds a safe integer. */
export function numberOf(row: SqlRow, name: string): number {
  return Number(textOf(row, name));
}

/** A parameter of user code's query. */
export function toSqlValue(value: unknown): SqlValue {
  if (value === undefined || value === null) return null;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value))
    return value.map((item: unknown) => (isScalar(item) || item === null ? item : JSON.stringify(item)));
  return isScalar(value) ? value : JSON.stringify(value);
}

function isScalar(value: unknown): value is string | number | bigint | boolean {
  return ["string", "number", "bigint", "boolean"].includes(typeof value);
}
