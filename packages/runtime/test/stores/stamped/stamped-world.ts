import { join } from "node:path";
import pg from "pg";
import { createTestDatabase } from "../../../../../tools/testing/test-database.ts";
import type { CommitPhase } from "../../../src/stores/commit/commit-context.ts";
import { openDuckdbStore } from "../../../src/stores/duckdb/open-duckdb-store.ts";
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

type OpenWorld = (
  scratch: Scratch,
  tell: (attempt: string) => Told,
  onPhase?: (phase: CommitPhase) => void | Promise<void>,
) => Promise<StampedWorld>;

export const openWorlds: Readonly<Record<"DuckDB" | "Postgres", OpenWorld>> = {
  async DuckDB(scratch, tell, onPhase = () => {}) {
    const store = await openDuckdbStore({
      name: "default",
      path: join(scratch.folder, "stamped.duckdb"),
      spillDirectory: join(scratch.folder, "spill"),
      memoryLimit: "512MB",
      threads: 2,
      merge: createTellingEngine(tell),
      now: Date.now,
      onPhase,
    });
    return {
      store,
      query: (sql) => store.queryViews(sql),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  },

  async Postgres(_, tell, onPhase = () => {}) {
    const database = await createTestDatabase();
    const store = await openPostgresStore({
      name: "default",
      url: database.url,
      schema: "public",
      merge: () => createTellingEngine(tell),
      now: Date.now,
      onPhase,
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
