import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Check } from "@watersmeet/core/gate";
import type { Column, ColumnType, Row, RowSchema } from "@watersmeet/core/schema";
import { parseAssetKey, type PartitionKey } from "@watersmeet/core/values";
import { openRowWriter } from "../src/exchange/open-row-writer.ts";
import { readExchangeFile } from "../src/exchange/read-exchange-file.ts";
import { openStore } from "../src/stores/open-store.ts";
import type { StoredAsset } from "../src/stores/port/staging.ts";
import type { CommitRequest, Store } from "../src/stores/store.ts";

/**
 * What the DuckDB store costs against the SQL that somebody would write by hand for the same work, on another file, in the same run, turn by turn.
 * On a machine that others use too, CPU time is the steadier of the two figures: all of the work is in this process.
 * `node packages/runtime/bench/stores.bench.ts [part …]`, parts: read publish end rows ten. Without parts: all but `ten`.
 */
const parts = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), "watersmeet-bench-"));
const memory = { memoryLimit: "2GB", threads: 2 } as const;

const schema: RowSchema = {
  columns: (
    [
      ["id", { kind: "integer" }],
      ["ts", { kind: "timestamp" }],
      ["src", { kind: "text" }],
      ["amount", { kind: "double" }],
      ["name", { kind: "text" }],
      ["status", { kind: "text" }],
      ["flag", { kind: "boolean" }],
    ] satisfies readonly (readonly [string, ColumnType])[]
  ).map(([name, type]): Column => ({ name, type, isNullable: false, nullAs: "null" })),
};
const ddl = "id bigint, ts timestamp, src varchar, amount double, name varchar, status varchar, flag boolean";
const rowsOf = (from: number, to: number) =>
  `select i as id, make_timestamp(978307200000000 + i * 1000000) as ts, 's' || (i % 3) as src, i * 1.5 as amount, 'name ' || (i % 100000) as name, case when i % 7 = 0 then 'late' else 'on time' end as status, i % 2 = 0 as flag from range(${from}, ${to}) t(i)`;

const store = await openStore({
  name: "default",
  config: { kind: "duckdb", path: "store.duckdb", ...memory },
  root: folder,
  stateDirectory: folder,
});
const bareInstance = await DuckDBInstance.create(join(folder, "bare.duckdb"), {
  storage_compatibility_version: "v1.4.0",
  memory_limit: memory.memoryLimit,
  threads: String(memory.threads),
  wal_autocheckpoint: "1GB",
});
const bare = await bareInstance.connect();

/** Readers' view of a partitioned asset with replaced partitions, against a plain table. */
async function benchRead(): Promise<void> {
  const asset = assetOf("reading", true);
  const size = 2_000_000;
  await bare.run(`create table reading (${ddl})`);
  await bare.run(`insert into reading ${rowsOf(0, size)}`);
  await bare.run("checkpoint");
  const bases = new Map<number, number>();
  for (let turn = 0; turn < 2; turn += 1) {
    const requests: CommitRequest[] = [];
    for (let part = 0; part < 20; part += 1) {
      if (turn === 1 && part % 2 === 0) continue;
      requests.push(
        await stage(asset, {
          part,
          sql: rowsOf((part * size) / 20, ((part + 1) * size) / 20),
          base: bases.get(part) ?? null,
          checks: [],
        }),
      );
    }
    for (const commit of await store.commit(requests)) bases.set(Number(commit.partition), commit.version);
  }
  const queries = {
    full: "select src, count(*), sum(amount), max(ts) from reading group by src",
    wide: "select count(id), count(ts), count(src), sum(amount), count(name), count(status), count(flag) from reading",
    selective: "select count(*), sum(amount) from reading where name = 'name 4711'",
  };
  for (const [name, sql] of Object.entries(queries)) {
    const { times } = await interleave(9, {
      plain: () => bare.run(sql),
      store: () => askView(sql),
    });
    report(`read ${name}, 2M rows`, { ours: times.store, theirs: times.plain, bound: 1.15 });
  }
}

/** A thousand small partitions in one call, against set-wise DELETE and INSERT from a table that holds the same rows. */
async function benchPublish(): Promise<void> {
  const asset = assetOf("publishing", true);
  const [count, size] = [1000, 500];
  await bare.run(`create table publishing (pk integer, ${ddl})`);
  await bare.run("create table ledger (commit_id varchar primary key, pk integer, rows bigint)");
  await bare.run(`insert into publishing select id // ${size}, * from (${rowsOf(0, count * size)})`);
  let bases: (number | null)[] = Array.from({ length: count }, () => null);
  const sql = (part: number) => rowsOf(part * size, (part + 1) * size);
  const publish = async (requests: readonly CommitRequest[]) => {
    bases = (await store.commit(requests)).map((commit) => commit.version);
  };
  const stageAll = async () => {
    const requests: CommitRequest[] = [];
    for (let part = 0; part < count; part += 1)
      requests.push(await stage(asset, { part, sql: sql(part), base: bases[part] ?? null, checks: [] }));
    return requests;
  };
  await publish(await stageAll());
  const times = { bare: [] as Took[], store: [] as Took[] };
  for (let turn = 0; turn < 5; turn += 1) {
    const requests = await stageAll();
    await bare.run(
      `create or replace temp table incoming as select id // ${size} as pk, * from (${rowsOf(0, count * size)})`,
    );
    times.store.push(await time(() => publish(requests)));
    times.bare.push(
      await time(async () => {
        await bare.run("begin");
        await bare.run(`insert into ledger select '${turn}-' || pk, pk, count(*) from incoming group by pk`);
        await bare.run("delete from publishing where pk in (select distinct pk from incoming)");
        await bare.run("insert into publishing select * from incoming");
        await bare.run("commit");
      }),
    );
  }
  report("publish 1,000 partitions of 500 rows in one call", { ours: times.store, theirs: times.bare, bound: 2 });
}

/** One full refresh of a million rows from a query: staged, checked, published; by hand: the same checks, and the table replaced. */
async function benchEndToEnd(): Promise<void> {
  const asset = assetOf("refreshing", false);
  const size = 1_000_000;
  const checks: readonly Check[] = [
    ...schema.columns.map((column): Check => ({
      kind: "row",
      id: column.name,
      message: "",
      predicate: { kind: "notNull", column: column.name },
    })),
    {
      kind: "row",
      id: "status",
      message: "",
      predicate: { kind: "oneOf", column: "status", values: ["late", "on time"] },
    },
    {
      kind: "row",
      id: "amount",
      message: "",
      predicate: { kind: "range", column: "amount", min: 0, max: null, isMinExclusive: false, isMaxExclusive: false },
    },
    { kind: "uniqueKey", id: "key", message: "", columns: ["id"] },
  ];
  let base: number | null = null;
  const gates = schema.columns.map((column) => `count(*) filter (where ${column.name} is null)`).join(", ");
  const { times } = await interleave(5, {
    bare: async () => {
      await bare.run(`create or replace table refreshing_new as ${rowsOf(0, size)}`);
      await bare.run(
        `select count(*), ${gates}, count(*) filter (where status not in ('late', 'on time')), count(*) filter (where amount < 0) from refreshing_new`,
      );
      await bare.run("select count(*) from (select id from refreshing_new group by id having count(*) > 1)");
      await bare.run("begin");
      await bare.run("drop table if exists refreshing");
      await bare.run("alter table refreshing_new rename to refreshing");
      await bare.run("commit");
    },
    store: async () => {
      const [commit] = await store.commit([await stage(asset, { part: null, sql: rowsOf(0, size), base, checks })]);
      base = commit?.version ?? null;
    },
  });
  report("stage, gates, publish 1M rows", { ours: times.store, theirs: times.bare, bound: 1.4 });
}

/** JavaScript rows into a sealed file and out of it. */
async function benchRows(): Promise<void> {
  const size = 1_000_000;
  const path = join(folder, "rows.parquet");
  const chunk = jsRows(0, 10_000);
  const written: Took[] = [];
  const readBack: Took[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    const writer = await openRowWriter({ path, schema });
    let file;
    written.push(
      await time(async () => {
        for (let from = 0; from < size; from += chunk.length) await writer.write(chunk);
        file = await writer.seal();
      }),
    );
    const sealed = file ?? { path, format: "parquet" as const, schema, rowCount: size };
    readBack.push(
      await time(async () => {
        let count = 0;
        for await (const rows of readExchangeFile(sealed)) count += rows.length;
        if (count !== size) throw new Error(`${count} rows`);
      }),
    );
  }
  console.log(`JS rows into a file  ${perSecond(size, written)} rows/s`);
  console.log(`JS rows out of it    ${perSecond(size, readBack)} rows/s`);
}

/** Ten million rows in, staged, published and out, with the resident memory. */
async function benchTenMillion(): Promise<void> {
  const size = 10_000_000;
  const asset = assetOf("ten", false);
  const path = join(folder, "ten.parquet");
  const chunk = jsRows(0, 10_000);
  const writer = await openRowWriter({ path, schema });
  const into = await time(async () => {
    for (let from = 0; from < size; from += chunk.length) await writer.write(chunk);
  });
  console.log(`10M rows written     ${perSecond(size, [into])} rows/s, ${residentMb()} MB resident`);
  const file = await writer.seal();
  console.log(`sealed               ${residentMb()} MB resident`);
  const staged = await store.stageFile({ asset, partition: "" as PartitionKey, attempt: "ten" }, file);
  const measurement = await store.measure(staged, []);
  const [commit] = await store.commit([
    { commitId: "ten", environment: "prod", staged, measurement, baseVersion: null, record: null },
  ]);
  console.log(`staged and published ${residentMb()} MB resident`);
  let count = 0;
  let peak = 0;
  const out = await time(async () => {
    for await (const rows of store.readRows({ asset, versions: commit === undefined ? [] : [commit] })) {
      count += rows.length;
      peak = Math.max(peak, residentMb());
    }
  });
  console.log(`${count} rows streamed ${perSecond(size, [out])} rows/s, ${peak} MB resident at most`);
}

function assetOf(key: string, isPartitioned: boolean): StoredAsset {
  return { key: parseAssetKey(key), schema, isPartitioned };
}

let attempts = 0;

async function stage(
  asset: StoredAsset,
  work: {
    readonly part: number | null;
    readonly sql: string;
    readonly base: number | null;
    readonly checks: readonly Check[];
  },
): Promise<CommitRequest> {
  attempts += 1;
  const target = {
    asset,
    partition: (work.part === null ? "" : String(work.part)) as PartitionKey,
    attempt: `b${attempts}`,
  };
  const staged = await store.stageQuery(target, { sql: work.sql, parameters: [], inputs: [] });
  const measurement = await store.measure(staged, work.checks);
  return { commitId: `c${attempts}`, environment: "prod", staged, measurement, baseVersion: work.base, record: null };
}

/** What a reader pays who asks the view in the owner's process. */
async function askView(sql: string): Promise<void> {
  const asking: Store & { queryViews?: (sql: string) => Promise<unknown> } = store;
  await asking.queryViews?.(sql);
}

function jsRows(from: number, to: number): readonly Row[] {
  return Array.from({ length: to - from }, (_, index) => ({
    id: from + index,
    ts: new Date(978_307_200_000 + (from + index) * 1000).toISOString().replace(".000", ""),
    src: `s${index % 3}`,
    amount: index * 1.5,
    name: `name number ${index}`,
    status: index % 7 === 0 ? "late" : "on time",
    flag: index % 2 === 0,
  }));
}

async function interleave<K extends string>(
  turns: number,
  variants: Readonly<Record<K, () => Promise<unknown>>>,
): Promise<{ readonly times: Record<K, Took[]> }> {
  const names = Object.keys(variants) as K[];
  const times = Object.fromEntries(names.map((name) => [name, [] as Took[]])) as Record<K, Took[]>;
  for (const name of names) await variants[name]();
  for (let turn = 0; turn < turns; turn += 1) {
    for (const name of names) times[name].push(await time(variants[name]));
  }
  return { times };
}

interface Took {
  readonly wallMs: number;
  /** Of all threads of this process, DuckDB's included. */
  readonly cpuMs: number;
}

async function time(work: () => Promise<unknown>): Promise<Took> {
  const started = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { wallMs: performance.now() - started, cpuMs: (user + system) / 1000 };
}

function report(
  what: string,
  { ours, theirs, bound }: { readonly ours: readonly Took[]; readonly theirs: readonly Took[]; readonly bound: number },
): void {
  const ratios = (["wallMs", "cpuMs"] as const).map((unit) => {
    const [a, b] = [ours, theirs].map((times) => median(times.map((took) => took[unit])));
    return { a: a ?? Number.NaN, b: b ?? Number.NaN, ratio: (a ?? Number.NaN) / (b ?? Number.NaN) };
  });
  const [wall, cpu] = ratios;
  if (wall === undefined || cpu === undefined) return;
  const verdict = Math.min(wall.ratio, cpu.ratio) <= bound ? "ok" : "OVER";
  console.log(
    `${what.padEnd(50)} wall ${wall.a.toFixed(0)} / ${wall.b.toFixed(0)} ms = ${wall.ratio.toFixed(2)}, CPU ${cpu.a.toFixed(0)} / ${cpu.b.toFixed(0)} ms = ${cpu.ratio.toFixed(2)} (bound ${bound}) ${verdict}`,
  );
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function perSecond(rows: number, times: readonly Took[]): string {
  return Math.round(rows / (median(times.map((took) => took.wallMs)) / 1000)).toLocaleString("en");
}

function residentMb(): number {
  return Math.round(process.memoryUsage.rss() / 1024 / 1024);
}

try {
  const benches: Readonly<Record<string, () => Promise<void>>> = {
    read: benchRead,
    publish: benchPublish,
    end: benchEndToEnd,
    rows: benchRows,
    ten: benchTenMillion,
  };
  for (const [name, run] of Object.entries(benches)) {
    if (parts.length === 0 ? name !== "ten" : parts.includes(name)) await run();
  }
} finally {
  bare.closeSync();
  bareInstance.closeSync();
  await store[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}
