import { defineConfig, duckdb } from "@watersmeet/runtime/config";

export default defineConfig({
  stores: { default: duckdb({ path: ".watersmeet/registries.duckdb" }) },
  resources: { inbox: { concurrency: 3 } },
});
