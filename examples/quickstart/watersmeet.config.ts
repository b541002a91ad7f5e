import { defineConfig, duckdb } from "@watersmeet/runtime/config";

export default defineConfig({
  stores: { default: duckdb({ path: ".watersmeet/shop.duckdb" }) },
  resources: { shop: { concurrency: 2 } },
});
