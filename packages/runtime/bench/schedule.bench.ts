/*
 * The real engine with steps that do nothing, beside bare graphile-worker with jobs that do nothing, in one run on one server:
 *
 *     node packages/runtime/bench/schedule.bench.ts [steps] [shapes] [more steps]
 *     node packages/runtime/bench/schedule.bench.ts 10000 layered,wide,fan 100000
 *
 * Prints steps per second, the ratio to the bare jobs, and microseconds of CPU per step (this process and PostgreSQL). With `more steps`, what a step of so
 * large a run takes against one of the smaller run.
 * Bounds: ratio >= 0.4, CPU <= 100 µs, more steps <= 1.15.
 */
import { mkdtemp, rm, chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "graphile-worker";
import { openEmbeddedPostgres } from "../src/ledger/embedded/embedded-postgres.ts";
import { silentLogger } from "../src/observe/logger.ts";
import { doorbellSchema } from "../src/queue/doorbell/doorbell.ts";
import { adaptGraphileLogger } from "../src/queue/doorbell/quiet-graphile.ts";
import { startCpuMeter, type CpuMeter } from "./cpu-meter.ts";
import { finishMeasure, listShapes, measureEngine, openDatabase, report, type Measured } from "./schedule-engine.ts";

const total = Number(process.argv[2] ?? 10_000);
const names = (process.argv[3] ?? "layered,wide,fan").split(",");
const more = Number(process.argv[4] ?? 0);
const folder = await mkdtemp(join(tmpdir(), "watersmeet-schedule-"));
await chmod(folder, 0o755);
{
  await using server = await openEmbeddedPostgres(join(folder, "postgres"));
  const cpu = startCpuMeter(server.postmasterPid);
  const bare = await measureBare(server.url, cpu);
  report("bare graphile-worker", bare, null);
  for (const [name, sketches] of Object.entries(listShapes(total))) {
    if (!names.includes(name)) continue;
    const few = await measureEngine(server.url, { name, sketches, cpu, concurrency: 16 });
    report(name, few, bare.perSecond);
    if (more === 0) continue;
    const [, larger = []] = Object.entries(listShapes(more)).find(([each]) => each === name) ?? [];
    const many = await measureEngine(server.url, { name: `${name}${more}`, sketches: larger, cpu, concurrency: 16 });
    report(`${name} × ${more}`, many, bare.perSecond);
    const cpuRatio = (many.nodeUs + many.postgresUs) / (few.nodeUs + few.postgresUs);
    console.log(
      `  per step against ${total}: ${(few.perSecond / many.perSecond).toFixed(2)} of the time, ${cpuRatio.toFixed(2)} of the CPU`,
    );
  }
}
await rm(folder, { recursive: true, force: true });

async function measureBare(url: string, cpu: CpuMeter): Promise<Measured> {
  await runBare(url, { name: "warm", cpu, total: 2000 });
  return runBare(url, { name: "bare", cpu, total });
}

async function runBare(
  url: string,
  { name, cpu, total }: { readonly name: string; readonly cpu: CpuMeter; readonly total: number },
): Promise<Measured> {
  await using ledger = await openDatabase(url, name);
  await ledger.pool.query(
    `select from ${doorbellSchema}.add_jobs(array(select json_populate_record(null::${doorbellSchema}.job_spec, '{"identifier":"empty"}')
      from generate_series(1, $1::integer)))`,
    [total],
  );
  const { promise, resolve } = Promise.withResolvers<void>();
  let done = 0;
  const before = await cpu.read();
  const startedMs = performance.now();
  const runner = await run({
    pgPool: ledger.pool,
    schema: doorbellSchema,
    noHandleSignals: true,
    logger: adaptGraphileLogger(silentLogger),
    preset: { worker: { concurrentJobs: 24, localQueue: { size: 500 }, completeJobBatchDelay: 0, pollInterval: 2000 } },
    taskList: {
      empty: async () => {
        if (++done === total) resolve();
      },
    },
  });
  await promise;
  const measured = await finishMeasure(cpu, { before, startedMs, count: total });
  await runner.stop();
  return measured;
}
