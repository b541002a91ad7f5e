import { join } from "node:path";
import type { MergePolicy } from "@watersmeet/core/merge";
import type { Row, RowSchema } from "@watersmeet/core/schema";
import pg from "pg";
import { createTestDatabase } from "../../../../tools/testing/test-database.ts";
import { quoteIdentifier } from "../../src/exchange/quote.ts";
import { createDuckdbMergeEngine } from "../../src/stores/duckdb/merge-engine.ts";
import { openDuckdbStore } from "../../src/stores/duckdb/open-duckdb-store.ts";
import type { MergeSettings } from "../../src/stores/merge/stage-merge.ts";
import type { BatchOrigin, StagedMerge } from "../../src/stores/port/staged-merge.ts";
import type { StoredAsset } from "../../src/stores/port/staging.ts";
import { createPgMergeEngine } from "../../src/stores/postgres/merge-engine.ts";
import { openPostgresStore } from "../../src/stores/postgres/open-postgres-store.ts";
import type { Commit, Staged, Store } from "../../src/stores/store.ts";
import { asset, createScratch, partition, publish, read, type Scratch } from "../stores/stored-rows.ts";

/** A store with a look at its own tables. */
export interface MergeWorld extends AsyncDisposable {
  readonly store: Store;
  readonly scratch: Scratch;
  count(sql: string): Promise<number>;
}

export async function openDuckdbWorld(settings?: MergeSettings, threads = 2): Promise<MergeWorld> {
  const scratch = await createScratch();
  const store = await openDuckdbStore({
    name: "default",
    path: join(scratch.folder, "data.duckdb"),
    spillDirectory: join(scratch.folder, "spill"),
    memoryLimit: "512MB",
    threads,
    merge: createDuckdbMergeEngine(settings),
    now: Date.now,
    onPhase: () => {},
  });
  return {
    store,
    scratch,
    count: async (sql) => Number((await store.queryViews(sql))[0]?.["n"]),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

/** `prepare` is run in the database before the store is opened. */
export async function openPostgresWorld(settings?: MergeSettings, prepare?: string): Promise<MergeWorld> {
  const scratch = await createScratch();
  const database = await createTestDatabase();
  if (prepare !== undefined) await runOnce(database.url, prepare);
  const store = await openPostgresStore({
    name: "default",
    url: database.url,
    schema: "public",
    merge: (dialect) => createPgMergeEngine(dialect, settings),
    now: Date.now,
    onPhase: () => {},
  });
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  return {
    store,
    scratch,
    count: async (sql) => Number((await client.query<{ n: string }>(sql)).rows[0]?.n),
    async [Symbol.asyncDispose]() {
      await client.end();
      await store[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

async function runOnce(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql);
  await client.end();
}

/** A source's rows at the version that a merge reads. */
export interface Source {
  readonly name: string;
  readonly asset: StoredAsset;
  readonly commit: Commit;
  readonly columns: readonly string[];
}

export async function publishSource(
  { store, scratch }: MergeWorld,
  source: {
    readonly name: string;
    readonly schema: RowSchema;
    readonly rows: readonly Row[];
    readonly before?: Source;
  },
): Promise<Source> {
  const stored = source.before?.asset ?? asset(`${source.name}_${scratch.next()}`, false, source.schema);
  await store.ensureAsset(stored);
  const base = source.before === undefined ? {} : { base: source.before.commit.version };
  const commit = await publish(store, scratch, { asset: stored, rows: source.rows, ...base });
  return { name: source.name, asset: stored, commit, columns: source.schema.columns.map(({ name }) => name) };
}

export interface MergeOptions {
  readonly target: StoredAsset;
  readonly policy: MergePolicy;
  readonly sources: readonly Source[];
  readonly partition?: string;
  readonly base?: Commit;
}

function originOf(source: Source | undefined): BatchOrigin {
  if (source === undefined) throw new Error("no source");
  const { asset, commit } = source;
  const { partition: at, version, commitId } = commit;
  return { asset: asset.key, partition: at, version, commitId, codeVersion: "code", runId: null, traceId: null };
}

/** Every branch lists all inputs, as steps do. */
export function mergeOf({ policy, sources, base }: MergeOptions): StagedMerge {
  const inputs = sources.map(({ asset, commit }) => ({
    asset,
    versions: [{ partition: commit.partition, version: commit.version }],
  }));
  return {
    policy,
    baseVersion: base?.version ?? null,
    branches: sources.map(({ name, columns }, index) => ({
      name,
      columns,
      deliveries: [
        {
          query: {
            sql: `select ${columns.map(quoteIdentifier).join(", ")} from input_${index}`,
            parameters: [],
            inputs,
          },
          batchKey: `${name}:all`,
          emits: "state",
          sequence: 0n,
          cursor: null,
          promise: null,
          origin: originOf(sources[index]),
        },
      ],
    })),
  };
}

export async function stageMerge({ store, scratch }: MergeWorld, options: MergeOptions): Promise<Staged> {
  await store.ensureAsset(options.target);
  const target = { asset: options.target, partition: partition(options.partition ?? ""), attempt: scratch.next() };
  return await store.stageMerge(target, mergeOf(options));
}

export async function commitMerge(
  world: MergeWorld,
  options: MergeOptions,
): Promise<{ readonly staged: Staged; readonly commit: Commit; readonly rows: readonly Row[] }> {
  const staged = await stageMerge(world, options);
  const [commit] = await world.store.commit([
    {
      commitId: world.scratch.next(),
      environment: "prod",
      staged,
      measurement: await world.store.measure(staged, []),
      baseVersion: options.base?.version ?? null,
      record: {},
    },
  ]);
  if (commit === undefined) throw new Error("no commit");
  return { staged, commit, rows: await read(world.store, options.target, [commit]) };
}
