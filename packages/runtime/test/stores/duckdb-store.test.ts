import { join } from "node:path";
import { openDuckdbStore } from "../../src/stores/duckdb/open-duckdb-store.ts";
import { unsupportedMerge } from "../../src/stores/unsupported-merge.ts";
import { describeStore } from "./store-contract.ts";

describeStore("DuckDB", async ({ folder }) => {
  const store = await openDuckdbStore({
    name: "default",
    path: join(folder, "data.duckdb"),
    spillDirectory: join(folder, "spill"),
    memoryLimit: "512MB",
    threads: 2,
    merge: unsupportedMerge,
    now: Date.now,
    onPhase: () => {},
  });
  return { store, query: (sql) => store.queryViews(sql), close: () => store[Symbol.asyncDispose]() };
});
