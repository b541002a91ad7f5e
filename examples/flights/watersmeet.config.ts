import { defineConfig, duckdb, postgres } from "@watersmeet/runtime/config";

/** DuckDB in a file, unless WAREHOUSE_URL names a Postgres: the same assets, the same tables. */
const warehouse = process.env["WAREHOUSE_URL"];

export default defineConfig({
  stores: {
    default: warehouse === undefined ? duckdb({ path: ".watersmeet/flights.duckdb" }) : postgres({ url: warehouse }),
  },
  resources: {
    registryFiles: { concurrency: 3 },
    flightFile: { concurrency: 2 },
    strikeFile: { concurrency: 2 },
  },
});
