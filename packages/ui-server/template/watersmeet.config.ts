import { defineConfig, duckdb } from "@watersmeet/runtime/config";

// Everything here has a default; an empty defineConfig({}) works as well.
export default defineConfig({
  stores: { default: duckdb({ path: ".watersmeet/data.duckdb" }) },
  resources: { weatherService: { concurrency: 4 } },
});
