import { join } from "node:path";
import { createDuckdbMergeEngine } from "../../src/stores/duckdb/merge-engine.ts";
import { openDuckdbStore } from "../../src/stores/duckdb/open-duckdb-store.ts";
import { describeStore } from "./store-contract.ts";

describeStore("DuckDB", async ({ folder }) => {
  const store = await openDuckdbStore({
    name: "default",
    path: join(folder, "data.duckdb"),
    spillDirectory: join(folder, "spill"),
    memoryLimit: "512MB",
    threads: 2,
    merge: createDuckdbMergeEngine(),
    now: Date.now,
    onPhase: () => {},
  });
  return { store, query: (sql) => store.queryViews(sql), close: () => store[Symbol.asyncDispose]() };
});
