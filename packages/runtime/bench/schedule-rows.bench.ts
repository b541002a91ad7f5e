/*
 * Steps that write one row to Postgres each, in a transaction of its own, beside a bare loop that commits the same rows at the same concurrency:
 *
 *     node packages/runtime/bench/schedule-rows.bench.ts [steps] [concurrency]
 *
 * Both insert into the same table through a pool of their own; the engine records steps, versions and heads besides. Bound: >= 0.5.
 */
import { mkdtemp, rm, chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { openEmbeddedPostgres } from "../src/ledger/embedded/embedded-postgres.ts";
import { startCpuMeter, type CpuMeter } from "./cpu-meter.ts";
import { finishMeasure, listShapes, measureEngine, openDatabase, report, type Measured } from "./schedule-engine.ts";

const total = Number(process.argv[2] ?? 10_000);
const concurrency = Number(process.argv[3] ?? 16);
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
    const measured = await measureEngine(server.url, {
      name,
      sketches,
      cpu,
      concurrency,
      async behave({ asset, partition }) {
        await writeRow(pool, asset, partition);
        return undefined;
      },
    });
    report(name, measured, bare.perSecond);
  }
  await pool.end();
}
await rm(folder, { recursive: true, force: true });

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
