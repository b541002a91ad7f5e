/*
 * Steps that write one row to Postgres each, beside a bare loop that commits as many rows at the same concurrency:
 *
 *     node packages/runtime/bench/schedule-rows.bench.ts [steps] [shapes] [concurrency]
 *     node packages/runtime/bench/schedule-rows.bench.ts 10000 layered,wide,fan 16
 *
 * The bare loop is the least that commits a row: a prepared INSERT that is a transaction by itself, from as many connections as there are slots. It keeps no
 * versions, heads, digests or ids of commits, and a row that it is asked for twice stands twice.
 *
 * "to a store" (bound: >= 0.5 of the bare loop): each step is an attempt of the real executor over a real Postgres store. Its row comes as a child's answer
 * would, is measured, gated, and published under a commit id of its own: row, ledger row, head and log of moves. Steps that are ready together share a
 * transaction. The engine claims them and records versions and heads in its ledger besides. No child process is started, neither here nor in the loop, and
 * what a step reads only orders it. The store has the assets already, as it has but once in their lives.
 *
 * "own write": the step's function makes the loop's INSERT itself, and the engine only claims and records: nothing is shared, so that what scheduling costs
 * is added to the loop's own time.
 */
import { mkdtemp, rm, chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { openEmbeddedPostgres } from "../src/ledger/embedded/embedded-postgres.ts";
import { openStore } from "../src/stores/open-store.ts";
import { createTestExecutor, type StepBehaviour } from "../test/worker/test-executor.ts";
import { startCpuMeter, type CpuMeter } from "./cpu-meter.ts";
import { createRowsExecutor } from "./rows-executor.ts";
import {
  finishMeasure,
  listShapes,
  measureEngine,
  openDatabase,
  report,
  warmUp,
  type Measured,
} from "./schedule-engine.ts";

const total = Number(process.argv[2] ?? 10_000);
const names = (process.argv[3] ?? "layered,wide,fan").split(",");
const concurrency = Number(process.argv[4] ?? 16);
const folder = await mkdtemp(join(tmpdir(), "watersmeet-rows-"));
await chmod(folder, 0o755);
{
  await using server = await openEmbeddedPostgres(join(folder, "postgres"));
  const cpu = startCpuMeter(server.postmasterPid);
  await using data = await openDatabase(server.url, "data");
  await data.pool.query(
    "create table public.effect (asset text not null, partition text not null, at timestamptz not null)",
  );
  const bare = await measureLoop(data.url, cpu);
  report("bare loop of commits", bare, null);
  const pool = openPool(data.url);
  for (const [name, sketches] of Object.entries(listShapes(total))) {
    if (!names.includes(name)) continue;
    const measure = { sketches, cpu, concurrency };
    const own = await measureEngine(server.url, {
      ...measure,
      name: `own_${name}`,
      executor: createTestExecutor(writeOwn(pool)),
    });
    report(`${name}, own write`, own, bare.perSecond);
    await using where = await openDatabase(server.url, `store_${name}`);
    await using store = await openStore({
      name: "default",
      config: { kind: "postgres", url: where.url, schema: "public" },
      root: folder,
      stateDirectory: folder,
    });
    const executor = await createRowsExecutor({ sketches: [...warmUp, ...sketches], store, folder });
    const stored = await measureEngine(server.url, { ...measure, name: `by_${name}`, executor });
    report(`${name}, to a store`, stored, bare.perSecond);
  }
  await pool.end();
}
await rm(folder, { recursive: true, force: true });

function writeOwn(pool: pg.Pool): StepBehaviour {
  return async ({ asset, partition }) => {
    await writeRow(pool, asset, partition);
    return undefined;
  };
}

function openPool(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: concurrency });
  // The server may end before the last of its idle connections has.
  pool.on("error", () => {});
  return pool;
}

/** One statement is one transaction. */
async function writeRow(pool: pg.Pool, asset: string, partition: string): Promise<void> {
  await pool.query({
    name: "effect",
    text: "insert into public.effect (asset, partition, at) values ($1, $2, now())",
    values: [asset, partition],
  });
}

async function measureLoop(url: string, cpu: CpuMeter): Promise<Measured> {
  const pool = openPool(url);
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < total) await writeRow(pool, "bare", `p${next++}`);
  };
  await Promise.all(Array.from({ length: concurrency }, () => writeRow(pool, "warm", "")));
  const before = await cpu.read();
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: concurrency }, loop));
  const measured = await finishMeasure(cpu, { before, startedMs, count: total });
  await pool.end();
  return measured;
}
