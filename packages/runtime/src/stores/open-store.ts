import { resolve } from "node:path";
import { unreachable } from "@watersmeet/core/errors";
import type { StoreConfig } from "../config/config.ts";
import type { CommitPhase } from "./commit/commit-context.ts";
import type { Store } from "./store.ts";

export interface OpenStoreOptions {
  readonly name: string;
  readonly config: StoreConfig;
  /** Absolute path of the project's root: paths of the configuration start there. */
  readonly root: string;
  /** Absolute; the store puts what does not fit in memory below it. */
  readonly stateDirectory: string;
  /** Milliseconds since 1970. @default the clock */
  readonly now?: () => number;
  /** For crash tests: called at the boundaries of a commit. */
  readonly onPhase?: (phase: CommitPhase) => void | Promise<void>;
}

/**
 * Opens a store, making it when it is not there. Each kind brings a library with it, which is loaded for the first store of the kind.
 *
 * @throws {STORE_LOCKED} when another process owns the file @throws {STORE_UNREACHABLE}
 */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  const now = options.now ?? Date.now;
  const onPhase = options.onPhase ?? (() => {});
  const { config, name } = options;
  switch (config.kind) {
    case "duckdb": {
      const { openDuckdbStore } = await import("./duckdb/open-duckdb-store.ts");
      const { createDuckdbMergeEngine } = await import("./duckdb/merge-engine.ts");
      return await openDuckdbStore({
        name,
        path: resolve(options.root, config.path),
        spillDirectory: resolve(options.stateDirectory, "spill", name),
        memoryLimit: config.memoryLimit,
        threads: config.threads,
        merge: createDuckdbMergeEngine(),
        now,
        onPhase,
      });
    }
    case "postgres": {
      const { openPostgresStore } = await import("./postgres/open-postgres-store.ts");
      const { createPgMergeEngine } = await import("./postgres/merge-engine.ts");
      return await openPostgresStore({
        name,
        url: config.url,
        schema: config.schema,
        merge: createPgMergeEngine,
        now,
        onPhase,
      });
    }
    default:
      return unreachable(config);
  }
}
