import { join } from "node:path";
import pg from "pg";
import { createTestDatabase } from "../../../../../tools/testing/test-database.ts";
import type { CommitPhase } from "../../../src/stores/commit/commit-context.ts";
import { openDuckdbStore } from "../../../src/stores/duckdb/open-duckdb-store.ts";
import type { MergeEngine } from "../../../src/stores/merge-seam.ts";
import { openPostgresStore } from "../../../src/stores/postgres/open-postgres-store.ts";
import type { Store } from "../../../src/stores/store.ts";
import type { Scratch } from "../stored-rows.ts";
import { createTellingEngine, type Told } from "./telling-engine.ts";

/** A store whose merges stage what the test says. */
export interface StampedWorld extends AsyncDisposable {
  readonly store: Store;
  /** Rows of its views and of its own tables. */
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

export interface WorldOptions {
  tell?(attempt: string): Told;
  onPhase?(phase: CommitPhase): void | Promise<void>;
  readonly publish?: MergeEngine["publish"];
}

type OpenWorld = (scratch: Scratch, options: WorldOptions) => Promise<StampedWorld>;

function createEngine({ publish, tell }: WorldOptions): MergeEngine {
  return createTellingEngine((attempt) => tell?.(attempt) ?? { rows: [], keys: null }, publish);
}

export const openWorlds: Readonly<Record<"DuckDB" | "Postgres", OpenWorld>> = {
  async DuckDB(scratch, options) {
    const store = await openDuckdbStore({
      name: "default",
      path: join(scratch.folder, "stamped.duckdb"),
      spillDirectory: join(scratch.folder, "spill"),
      memoryLimit: "512MB",
      threads: 2,
      merge: createEngine(options),
      now: Date.now,
      onPhase: (phase) => options.onPhase?.(phase),
    });
    return {
      store,
      query: (sql) => store.queryViews(sql),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  },

  async Postgres(_, options) {
    const database = await createTestDatabase();
    const store = await openPostgresStore({
      name: "default",
      url: database.url,
      schema: "public",
      merge: () => createEngine(options),
      now: Date.now,
      onPhase: (phase) => options.onPhase?.(phase),
    });
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    return {
      store,
      query: async (sql) => (await client.query<Record<string, unknown>>(sql)).rows,
      async [Symbol.asyncDispose]() {
        await client.end();
        await store[Symbol.asyncDispose]();
        await database[Symbol.asyncDispose]();
      },
    };
  },
};
