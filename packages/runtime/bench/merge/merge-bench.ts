import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Check } from "@watersmeet/core/gate";
import type { MergeOrder, MergePolicy } from "@watersmeet/core/merge";
import type { Column, ColumnType, RowSchema } from "@watersmeet/core/schema";
import { parseAssetKey, type PartitionKey } from "@watersmeet/core/values";
import pg from "pg";
import { createDuckdbMergeEngine } from "../../src/stores/duckdb/merge-engine.ts";
import { openDuckdbStore } from "../../src/stores/duckdb/open-duckdb-store.ts";
import { openStore } from "../../src/stores/open-store.ts";
import type { Delivery } from "../../src/stores/port/staged-merge.ts";
import type { StoredAsset } from "../../src/stores/port/staging.ts";
import type { Commit, Staged, Store } from "../../src/stores/store.ts";
import { startBenchPostgres } from "../bench-postgres.ts";
import { startCpuMeter } from "../cpu-meter.ts";

/** A store, what it costs, and a look at its own tables. */
export interface BenchStore extends AsyncDisposable {
  readonly engine: "duckdb" | "postgres";
  readonly store: Store;
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** What a busy store does sooner or later: empties DuckDB's write-ahead log into the file, or writes Postgres's dirty pages. */
  checkpoint(): Promise<void>;
  /** What a store does by itself when no commit waits; `null`: nothing. */
  readonly keepUp: (() => Promise<void>) | null;
  /** Of one table, with its indexes. */
  tableBytes(name: string): Promise<number>;
  /** Milliseconds of wall clock and processor that work took, Postgres's own processes included. */
  time(work: () => Promise<unknown>): Promise<Took>;
}

export interface Took {
  readonly wallMs: number;
  readonly cpuMs: number;
}

export async function openBenchStore(engine: BenchStore["engine"], memoryLimit: string): Promise<BenchStore> {
  return engine === "duckdb" ? await openDuckdb(memoryLimit) : await openPostgres();
}

async function openDuckdb(memoryLimit: string): Promise<BenchStore> {
  const folder = await mkdtemp(join(tmpdir(), "watersmeet-bench-merge-"));
  const path = join(folder, "bench.duckdb");
  const store = await openDuckdbStore({
    name: "default",
    path,
    spillDirectory: join(folder, "spill"),
    memoryLimit,
    threads: 2,
    merge: createDuckdbMergeEngine(),
    now: Date.now,
    onPhase: () => {},
    upkeepDelayMs: null,
  });
  return {
    engine: "duckdb",
    store,
    query: (sql) => store.queryViews(sql),
    checkpoint: () => store.checkpoint(),
    keepUp: () => store.keepUp(),
    async tableBytes(name) {
      await store.checkpoint();
      const [row] = await store.queryViews(
        `select count(distinct block_id) as blocks from pragma_storage_info('${name}') where block_id >= 0`,
      );
      return Number(row?.["blocks"]) * 262_144;
    },
    time: (work) => timeWith(async () => cpuOfProcess(), work),
    async [Symbol.asyncDispose]() {
      const { size } = await stat(path);
      console.log(`  the file has ${Math.round(size / 1024 / 1024)} MB in the end`);
      await store[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function openPostgres(): Promise<BenchStore> {
  const folder = await mkdtemp(join(tmpdir(), "watersmeet-bench-merge-"));
  const server = await startBenchPostgres();
  const config = { kind: "postgres", url: server.url, schema: "public" } as const;
  const store = await openStore({ name: "default", config, root: folder, stateDirectory: folder });
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  const query = async (sql: string) => (await client.query<Record<string, unknown>>(sql)).rows;
  const [pid] = await query("select split_part(pg_read_file('postmaster.pid'), E'\\n', 1) as pid");
  const meter = startCpuMeter(Number(pid?.["pid"]));
  return {
    engine: "postgres",
    store,
    query,
    checkpoint: async () => void (await client.query("checkpoint")),
    keepUp: null,
    async tableBytes(name) {
      await client.query(`vacuum ${name}`);
      const [row] = await query(`select pg_total_relation_size('${name}') as bytes`);
      return Number(row?.["bytes"]);
    },
    time: (work) =>
      timeWith(async () => {
        const { nodeUs, postgresUs } = await meter.read();
        return (nodeUs + postgresUs) / 1000;
      }, work),
    async [Symbol.asyncDispose]() {
      await client.end();
      await store[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function cpuOfProcess(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function timeWith(readCpuMs: () => Promise<number>, work: () => Promise<unknown>): Promise<Took> {
  const cpu = await readCpuMs();
  const from = performance.now();
  await work();
  const wallMs = performance.now() - from;
  return { wallMs, cpuMs: (await readCpuMs()) - cpu };
}

const types = [
  ["id", { kind: "bigint" }],
  ["amount", { kind: "double" }],
  ["name", { kind: "text" }],
  ["status", { kind: "text" }],
  ["flag", { kind: "boolean" }],
  ["quantity", { kind: "bigint" }],
  ["city", { kind: "text" }],
  ["seen", { kind: "timestamp" }],
] as const satisfies readonly (readonly [string, ColumnType])[];

export const schema: RowSchema = {
  columns: types.map(([name, type]): Column => ({ name, type, isNullable: name !== "id", nullAs: "null" })),
};

export const branches = ["crm", "erp", "web"] as const;

export const policy: MergePolicy = {
  key: ["id"],
  rows: "recencyFirst",
  columns: {},
  trust: { crm: 3, erp: 2, web: 1 },
  eventTime: "seen",
};

export const checks: readonly Check[] = [
  { kind: "uniqueKey", id: "key", message: "", columns: ["id"] },
  { kind: "row", id: "id", message: "", predicate: { kind: "notNull", column: "id" } },
  {
    kind: "row",
    id: "amount",
    message: "",
    predicate: { kind: "range", column: "amount", min: 0, max: null, isMinExclusive: false, isMaxExclusive: false },
  },
];

/** Rows of a source: `count` of them, spread over `keys` keys, newer with a greater `seed`. */
export function renderRows(engine: BenchStore["engine"], from: { count: number; keys: number; seed: number }): string {
  const { count, keys, seed } = from;
  const start = 1_700_000_000 + seed * 1000;
  return engine === "duckdb"
    ? `select (hash(i * 31 + ${seed * 7_000_003}) % ${keys})::bigint as id, (hash(i * 11) % 100000) / 100.0 as amount, 'name ' || (hash(i * 13 + ${seed}) % 50000) as name, case hash(i) % 4 when 0 then 'new' when 1 then null when 2 then 'done' else 'open' end as status, i % 2 = 0 as flag, i as quantity, 'city ' || (hash(i * 17) % 3000) as city, make_timestamp((${start}000000 + hash(i * 7 + ${seed}) % 900000000 + i % 1000)::bigint) as seen from range(${count}) t(i)`
    : `select (hashint8(i * 31 + ${seed * 7_000_003})::bigint & 2147483647) % ${keys} as id, ((hashint8(i * 11) & 65535) / 100.0)::double precision as amount, 'name ' || (hashint8(i * 13 + ${seed}) & 32767) as name, case i % 4 when 0 then 'new' when 1 then null when 2 then 'done' else 'open' end as status, i % 2 = 0 as flag, i as quantity, 'city ' || (hashint8(i * 17) & 2047) as city, to_timestamp(${start} + (hashint8(i * 7 + ${seed}) & 511)) + make_interval(secs => i / 1e6) as seen from generate_series(1::bigint, ${count}) t(i)`;
}

/** Sources that deliver changes, and merges of them: every version of a source is a batch of its own. */
export class Deliveries {
  readonly #bench: BenchStore;
  readonly #sources = new Map<string, { readonly asset: StoredAsset; readonly commits: Commit[] }>();
  #attempts = 0;

  constructor(bench: BenchStore) {
    this.#bench = bench;
  }

  /** A new version of a source, whose time is not counted. */
  async deliver(branch: string, select: string): Promise<void> {
    const { store } = this.#bench;
    const asset: StoredAsset = { key: parseAssetKey(`source_${branch}`), schema, isPartitioned: false };
    await store.ensureAsset(asset);
    const source = this.#sources.get(branch) ?? { asset, commits: [] };
    this.#sources.set(branch, source);
    // Rows of one batch with the same key and time must be equal: one of them is enough.
    const distinct = `select ${types.map(([name]) => `"${name}"`).join(", ")} from (select *, row_number() over (partition by id, seen order by quantity) as nth from (${select}) r) n where nth = 1`;
    const target = this.#target(asset);
    const staged = await store.stageQuery(target, { sql: distinct, parameters: [], inputs: [] });
    source.commits.push(await this.#commit(staged, { base: source.commits.at(-1)?.version ?? null, checks: [] }));
  }

  /** Seals what is new, folds, checks, publishes and checkpoints. */
  async merge(
    asset: StoredAsset,
    { base, orders = [] }: { readonly base: Commit | null; readonly orders?: readonly MergeOrder[] },
  ): Promise<{ readonly staged: Staged; readonly commit: Commit }> {
    const { store } = this.#bench;
    const staged = await store.stageMerge(this.#target(asset), {
      policy,
      baseVersion: base?.version ?? null,
      orders,
      branches: [...this.#sources].map(([name, source]) => ({
        name,
        columns: types.map(([column]) => column),
        deliveries: source.commits.map((commit) => this.#delivery(source.asset, commit)),
      })),
    });
    const commit = await this.#commit(staged, { base: base?.version ?? null, checks });
    await this.#bench.checkpoint();
    return { staged, commit };
  }

  #delivery(asset: StoredAsset, commit: Commit): Delivery {
    const { commitId, partition, version } = commit;
    return {
      batchKey: JSON.stringify([asset.key, version]),
      query: { sql: "select * from input_0", parameters: [], inputs: [{ asset, versions: [commit] }] },
      emits: "changes",
      sequence: BigInt(version),
      cursor: null,
      promise: null,
      origin: { asset: asset.key, partition, version, commitId, codeVersion: "bench", runId: null, traceId: null },
    };
  }

  #target(asset: StoredAsset) {
    this.#attempts += 1;
    return { asset, partition: "" as PartitionKey, attempt: `b${this.#attempts}` };
  }

  async #commit(
    staged: Staged,
    { base, checks: own }: { readonly base: number | null; readonly checks: readonly Check[] },
  ): Promise<Commit> {
    const { store } = this.#bench;
    const measurement = await store.measure(staged, own);
    if (measurement.checks.some((check) => check.failedRows > 0)) throw new Error("The bench's rows fail their checks");
    const commitId = `c-${staged.target.attempt}`;
    const [commit] = await store.commit([
      { commitId, environment: "prod", staged, measurement, baseVersion: base, record: null },
    ]);
    if (commit === undefined) throw new Error("no commit");
    return commit;
  }
}

/** Prints medians of wall clock and processor; what is demanded is demanded of the wall clock. */
export function report(
  what: string,
  {
    ours,
    theirs,
    bound,
  }: { readonly ours: readonly Took[]; readonly theirs: readonly Took[]; readonly bound: number | null },
): void {
  const medians = (unit: keyof Took) => [ours, theirs].map((times) => median(times.map((took) => took[unit])));
  const parts = (["wallMs", "cpuMs"] as const).map((unit) => {
    const [a = Number.NaN, b = Number.NaN] = medians(unit);
    return { text: `${a.toFixed(0)} / ${b.toFixed(0)} ms = ${(a / b).toFixed(2)}`, ratio: a / b };
  });
  const isWithin = bound !== null && (parts[0]?.ratio ?? Number.NaN) <= bound;
  console.log(
    `  ${what.padEnd(44)} wall ${parts[0]?.text}, CPU ${parts[1]?.text} ${bound === null ? "" : `(wall bound ${bound}) ${isWithin ? "ok" : "OVER"}`}`,
  );
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** `--name value` of the command line. */
export function readOption(name: string, otherwise: string): string {
  const flags = process.argv.slice(2);
  const at = flags.indexOf(`--${name}`);
  return at < 0 ? otherwise : (flags[at + 1] ?? otherwise);
}

/** Those named on the command line; both when none is. */
export function readEngines(): readonly BenchStore["engine"][] {
  const both = ["duckdb", "postgres"] as const;
  const named = both.filter((engine) => process.argv.includes(engine));
  return named.length === 0 ? both : named;
}
