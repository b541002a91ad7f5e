import { WatersmeetError } from "@watersmeet/core/errors";

/**
 * Rows are counted wherever they change hands. A streaming result of DuckDB's client ends like a complete one when its query fails half-way
 * (@duckdb/node-api 1.5: `duckdb_fetch_chunk` answers null for both), so that only the count tells.
 * @throws {STORE_ROWS_MISSING}
 */
export function requireAllRows(counts: {
  readonly rowCount: number;
  readonly expected: number;
  readonly of: string;
}): void {
  if (counts.rowCount === counts.expected) return;
  throw new WatersmeetError(
    "STORE_ROWS_MISSING",
    `${counts.of} has ${counts.expected} rows, but ${counts.rowCount} came`,
    { hint: "Nothing was published. The step is tried again; if it persists, look at the disk and the memory limit." },
  );
}
