import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { planFold, type FoldBatch, type MergePolicy, type MergeSpec } from "@watersmeet/core/merge";
import type { Column, ColumnType } from "@watersmeet/core/schema";
import pg from "pg";
import { duckdbMergeDialect } from "../src/stores/duckdb/merge-dialect.ts";
import { renderContributionTable } from "../src/stores/merge/contribution-table.ts";
import type { MergeDialect } from "../src/stores/merge/merge-dialect.ts";
import { renderSeal, renderSealFigures } from "../src/stores/merge/seal/render-seal.ts";
import { createPgMergeDialect } from "../src/stores/postgres/merge-dialect.ts";
import { createPgDialect } from "../src/stores/postgres/pg-dialect.ts";
import { startBenchPostgres } from "./bench-postgres.ts";

/**
 * The full fold of three branches against the best SQL that somebody would write by hand for the same table, turn by turn in one run:
 * `node packages/runtime/bench/merge.bench.ts [duckdb] [postgres] [--rows 1000000] [--turns 5] [--memory 2GB] [--cpu]`.
 * The hand-written statements read the branches themselves; the fold reads sealed contributions. What sealing costs is told apart.
 * Set DATABASE_URL to use another server than an embedded one.
 */
const flags = process.argv.slice(2);
const option = (name: string, otherwise: string): string =>
  flags[flags.indexOf(`--${name}`) + 1 || flags.length] ?? otherwise;
const rowCount = Number(option("rows", "1000000"));
const turns = Number(option("turns", "5"));
const memory = option("memory", "4GB");
const engines = ["duckdb", "postgres"].filter(
  (name) => flags.includes(name) || !flags.some((flag) => ["duckdb", "postgres"].includes(flag)),
);

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
const columns = types.map(([name, type]): Column => ({ name, type, isNullable: true, nullAs: "null" }));
const names = columns.map(({ name }) => `"${name}"`);
const cells = names.slice(1);
const branches = ["crm", "erp", "web"] as const;
const trust = { crm: 3, erp: 2, web: 1 };
const policy: MergePolicy = { key: ["id"], rows: "recencyFirst", columns: {}, trust, eventTime: "seen" };

/** One row in three keys is in more than one branch. */
interface Bench {
  readonly dialect: MergeDialect;
  run(sql: string): Promise<void>;
  value(sql: string): Promise<string>;
  /** A SELECT of a branch's rows. */
  branch(index: number): string;
  readonly create: string;
  /** By policy: statements that compute the table, by what they do. */
  readonly byHand: Readonly<Record<"oneOrder" | "twoOrders", Readonly<Record<string, string>>>>;
  readonly digest: string;
  close(): Promise<void>;
}

const union = branches.map((name) => `select *, ${trust[name]} as rank from branch_${name}`).join(" union all ");

async function openDuckdb(folder: string): Promise<Bench> {
  const instance = await DuckDBInstance.create(join(folder, "bench.duckdb"), {
    threads: "2",
    memory_limit: memory,
    temp_directory: join(folder, "spill"),
    wal_autocheckpoint: "1GB",
  });
  const connection = await instance.connect();
  const keep = `row_number() over (partition by id order by seen desc, rank desc) = 1`;
  const ranked = `select *, row_number() over (partition by id order by seen, rank) as rt, row_number() over (partition by id order by rank, seen) as rp from (${union})`;
  const packed = `epoch_us(seen) * 4 + rank`;
  return {
    dialect: duckdbMergeDialect,
    run: async (sql) => void (await connection.run(sql)),
    value: async (sql) =>
      JSON.stringify((await connection.runAndReadAll(sql)).getRowsJson()[0]?.[0]).replaceAll('"', ""),
    branch: (index) =>
      `select (hash(i + ${index * 5_000_000}) % ${Math.round(rowCount * 1.3)})::bigint as id, (hash(i * 11) % 100000) / 100.0 as amount, 'name ' || (hash(i * 13 + ${index}) % 50000) as name, case hash(i) % 4 when 0 then 'new' when 1 then null when 2 then 'done' else 'open' end as status, i % 2 = 0 as flag, i as quantity, 'city ' || (hash(i * 17) % 3000) as city, make_timestamp((1700000000000000 + hash(i * 7 + ${index}) % 1000000000)::bigint) as seen from range(${rowCount}) t(i)`,
    create: "create table",
    byHand: {
      oneOrder: {
        "row_number() = 1": `select ${names.join(", ")} from (${union}) qualify ${keep}`,
        "arg_max of a struct": `select id, unnest(arg_max({${cells.map((cell) => `${cell}: ${cell}`).join(", ")}}, ${packed})) from (${union}) group by id`,
        "row_number() = 1 over a packed integer": `select ${names.join(", ")} from (${union}) qualify row_number() over (partition by id order by ${packed} desc) = 1`,
      },
      twoOrders: {
        "two row_numbers, arg_max_null per column": `select id, ${cells.map((cell) => `arg_max_null(${cell}, ${cell === '"name"' ? "rp" : "rt"}) as ${cell}`).join(", ")} from (${ranked}) group by id`,
        "row_number() = 1 and first_value": `select ${names.map((name) => (name === '"name"' ? "first_value(name) over (partition by id order by rank desc, seen desc) as name" : name)).join(", ")} from (${union}) qualify ${keep}`,
        "arg_max_null of packed integers": `select id, ${cells.map((cell) => `arg_max_null(${cell}, ${cell === '"name"' ? "rank * 4611686018427387::bigint + epoch_us(seen) - 1700000000000000" : packed}) as ${cell}`).join(", ")} from (${union}) group by id`,
      },
    },
    digest: `select count(*) || ' ' || sum(hash(${names.join(", ")})) from`,
    async close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

async function openPostgres(): Promise<Bench> {
  const server = await startBenchPostgres();
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  for (const setting of ["timezone = 'UTC'", "work_mem = '64MB'"]) await client.query(`set ${setting}`);
  const first = `select *, row_number() over (partition by id order by seen desc, rank desc) as place, first_value(name) over (partition by id order by rank desc, seen desc) as best from (${union}) u`;
  const latest = (some: readonly string[], order: string) =>
    `select distinct on (id) ${some.join(", ")} from (${union}) u order by id, ${order}`;
  return {
    dialect: createPgMergeDialect(createPgDialect({ schema: "public", serverVersion: 180_000 })),
    run: async (sql) => void (await client.query(sql)),
    value: async (sql) => String(Object.values((await client.query<Record<string, unknown>>(sql)).rows[0] ?? {})[0]),
    branch: (index) =>
      `select (hashint8(i + ${index * 5_000_000})::bigint & 2147483647) % ${Math.round(rowCount * 1.3)} as id, ((hashint8(i * 11) & 65535) / 100.0)::double precision as amount, 'name ' || (hashint8(i * 13 + ${index}) & 32767) as name, case i % 4 when 0 then 'new' when 1 then null when 2 then 'done' else 'open' end as status, i % 2 = 0 as flag, i as quantity, 'city ' || (hashint8(i * 17) & 2047) as city, to_timestamp(1700000000 + (hashint8(i * 7 + ${index}) & 1048575)) + make_interval(secs => i / 1e6) as seen from generate_series(1::bigint, ${rowCount}) t(i)`,
    create: "create unlogged table",
    byHand: {
      oneOrder: {
        "distinct on": latest(names, "seen desc, rank desc"),
        "row_number() = 1": `select ${names.join(", ")} from (${first.replace(/, first_value.*best/, "")}) r where place = 1`,
      },
      twoOrders: {
        "row_number() = 1 and first_value": `select ${names.map((name) => (name === '"name"' ? "best as name" : name)).join(", ")} from (${first}) r where place = 1`,
        "two distinct on, joined": `select ${names.map((name) => (name === '"name"' ? "b.name" : `a.${name}`)).join(", ")} from (${latest(names, "seen desc, rank desc")}) a join (${latest(["id", "name"], "rank desc, seen desc")}) b on a.id = b.id`,
      },
    },
    digest: `select count(*) || ' ' || sum(hashtextextended((${names.join(", ")})::text, 0)) from`,
    async close() {
      await client.end();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function measure(name: string, bench: Bench): Promise<void> {
  const { dialect } = bench;
  const spec: MergeSpec = { policy, schema: { columns } };
  for (const [index, branch] of branches.entries())
    await bench.run(`${bench.create} branch_${branch} as ${bench.branch(index)}`);
  for (const statement of renderContributionTable(dialect, "contributions", spec.schema)) await bench.run(statement);
  let sealMs = 0;
  let copyMs = 0;
  for (const [index, branch] of branches.entries()) {
    const at = columns[7];
    if (at === undefined) throw new Error("no time");
    copyMs += await time(() => bench.run(`create table copy_${branch} as select * from branch_${branch}`));
    await bench.run(`drop table copy_${branch}`);
    sealMs += await time(async () => {
      await bench.run(
        renderSeal(dialect, spec, {
          table: "contributions",
          delivered: { columns, eventTime: at, operation: null, sequence: null, present: null },
          latestTime: null,
          batches: [{ number: index + 1, select: `select * from branch_${branch}`, splits: [] }],
        }),
      );
      await bench.run(renderSealFigures(spec, { table: "contributions", batches: [index + 1], hasFeed: false }));
    });
  }
  console.log(`${name}: ${branches.length} branches x ${rowCount} rows x ${columns.length} columns, memory ${memory}`);
  console.log(
    `  sealing ${ms(sealMs)}, copying the branches to tables ${ms(copyMs)}, ratio ${(sealMs / copyMs).toFixed(2)}`,
  );
  await bench.run(name === "duckdb" ? "checkpoint" : "vacuum analyze");
  const [least, greatest] = await Promise.all(
    ["min", "max"].map((end) => bench.value(`select ${end}(_at) from contributions`)),
  );
  for (const [kind, own] of [
    ["oneOrder", policy],
    ["twoOrders", { ...policy, columns: { name: "priorityFirst" } }],
  ] as const) {
    const batches = branches.map((source, index): FoldBatch => ({
      number: index + 1,
      source,
      batchSequence: 0n,
      columns: columns.slice(1).map((column) => column.name),
      hasRowPresence: false,
      eventTimes: { least: BigInt(least ?? 0), greatest: BigInt(greatest ?? 0) },
      sequences: { least: 0n, greatest: 0n },
      greatestOrdinal: 0n,
      hasDeletes: false,
      hasRetracts: false,
    }));
    const fold = dialect.renderFold(planFold({ ...spec, policy: own }, batches), {
      name: "contributions",
      schema: spec.schema,
      hasFaults: false,
      hasCopies: false,
    });
    const ours = async () => {
      if (fold.findings === null) {
        await bench.run(`${bench.create} merged as ${fold.renderRows("")}`);
      } else {
        await bench.run(`${bench.create} findings as ${fold.findings}`);
        await bench.run(`${bench.create} merged as ${fold.renderRows("findings")}`);
        await bench.value("select sum(winners) from findings");
        await bench.run("drop table findings");
      }
    };
    await compare(bench, kind, ours);
  }
}

async function compare(bench: Bench, kind: "oneOrder" | "twoOrders", ours: () => Promise<void>): Promise<void> {
  const hand = Object.entries(bench.byHand[kind]).map(([title, sql]) => ({
    title,
    work: () => bench.run(`${bench.create} merged as ${sql}`),
  }));
  const contenders = [{ title: "fold", work: ours }, ...hand];
  const times = new Map<string, number[]>(contenders.map(({ title }) => [title, []]));
  const digests = new Set<string>();
  const failed = new Map<string, string>();
  for (let turn = 0; turn < turns; turn += 1) {
    for (const { title, work } of contenders) {
      if (failed.has(title)) continue;
      try {
        times.get(title)?.push(await time(work));
      } catch (error) {
        // What runs out of memory is told, and is no competition.
        failed.set(title, String(error).split("\n")[0] ?? "");
        continue;
      }
      if (turn === 0) digests.add(await bench.value(`${bench.digest} merged`));
      await bench.run("drop table merged");
    }
  }
  const medians = new Map([...times].map(([title, all]) => [title, median(all)]));
  const own = medians.get("fold") ?? 0;
  const best = Math.min(
    ...hand.filter(({ title }) => !failed.has(title)).map(({ title }) => medians.get(title) ?? Infinity),
  );
  console.log(
    `  ${kind === "oneOrder" ? "one order for all columns" : "one column priority first"}: fold ${ms(own)}, best by hand ${ms(best)}, ratio ${(own / best).toFixed(2)}${digests.size === 1 ? "" : "  DIFFERENT TABLES"}`,
  );
  for (const { title } of hand)
    console.log(
      `    ${ms(medians.get(title) ?? 0).padStart(8)}  ${title}${failed.has(title) ? `: ${failed.get(title)}` : ""}`,
    );
}

/** Wall time; with `--cpu`, processor time of this process, which DuckDB's work is part of: it stays steady on a busy machine. */
async function time(work: () => Promise<void>): Promise<number> {
  const from = performance.now();
  const cpu = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return flags.includes("--cpu") ? (user + system) / 1000 : performance.now() - from;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}

const folder = await mkdtemp(join(tmpdir(), "watersmeet-bench-merge-"));
try {
  for (const name of engines) {
    const bench = name === "duckdb" ? await openDuckdb(folder) : await openPostgres();
    try {
      await measure(name, bench);
    } finally {
      await bench.close();
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
