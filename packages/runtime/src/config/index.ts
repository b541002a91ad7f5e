export { defineConfig, duckdb, postgres, type StoreDefinition, type UserConfig } from "./define-config.ts";
