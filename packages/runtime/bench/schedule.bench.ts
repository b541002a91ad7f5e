/*
 * The real engine with steps that do nothing, beside bare graphile-worker with jobs that do nothing, in one run on one server:
 *
 *     node packages/runtime/bench/schedule.bench.ts [steps]
 *
 * Prints steps per second, the ratio to the bare jobs, and microseconds of CPU per step (this process and PostgreSQL).
 * Bound: ratio >= 0.4, CPU <= 100 µs.
 */
import { mkdtemp, rm, chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "graphile-worker";
import pg from "pg";
import { openEmbeddedPostgres } from "../src/ledger/embedded/embedded-postgres.ts";
import { connectionSettings, openLedger, type LedgerConnections } from "../src/ledger/open-ledger.ts";
import { silentLogger } from "../src/observe/logger.ts";
import { doorbellSchema, ensureDoorbell } from "../src/queue/doorbell/doorbell.ts";
import { adaptGraphileLogger } from "../src/queue/doorbell/quiet-graphile.ts";
import { insertRun } from "../src/queue/submit-run.ts";
import { startWorker } from "../src/worker/start-worker.ts";
import { createTestExecutor } from "../test/worker/test-executor.ts";
import { executionOf, planOf, type AssetSketch } from "../test/worker/test-plans.ts";
import { startCpuMeter, type CpuMeter } from "./cpu-meter.ts";

const total = Number(process.argv[2] ?? 10_000);
const folder = await mkdtemp(join(tmpdir(), "watersmeet-schedule-"));
await chmod(folder, 0o755);
{
  await using server = await openEmbeddedPostgres(join(folder, "postgres"));
  const cpu = startCpuMeter(server.postmasterPid);
  const bare = await measureBare(server.url, cpu);
  report("bare graphile-worker", bare, null);
  for (const [name, sketches] of Object.entries(shapes())) {
    report(name, await measureEngine(server.url, { name, sketches, cpu }), bare.perSecond);
  }
}
await rm(folder, { recursive: true, force: true });

interface Measured {
  readonly perSecond: number;
  readonly nodeUs: number;
  readonly postgresUs: number;
  readonly submitMs: number | null;
}

function shapes(): Readonly<Record<string, readonly AssetSketch[]>> {
  const width = Math.max(1, Math.round(total / 40));
  const layered = Array.from({ length: 40 }, (_, layer): AssetSketch => ({
    key: `layer${layer}`,
    partitions: width,
    inputs: layer === 0 ? [] : [1, 2, 3].flatMap((back) => (layer - back >= 0 ? [`layer${layer - back}`] : [])),
  }));
  const wide = Array.from({ length: 10 }, (_, asset): AssetSketch => ({
    key: `wide${asset}`,
    partitions: Math.round(total / 10),
    inputs: asset === 0 ? [] : [`wide${asset - 1}`],
  }));
  const fan = Array.from({ length: 100 }, (_, round): readonly AssetSketch[] => [
    { key: `open${round}`, inputs: round === 0 ? [] : [`close${round - 1}`] },
    {
      key: `leaf${round}`,
      partitions: Math.max(2, Math.round(total / 100) - 2),
      inputs: [{ from: `open${round}`, mapping: { kind: "all" } }],
    },
    { key: `close${round}`, inputs: [{ from: `leaf${round}`, mapping: { kind: "all" } }] },
  ]).flat();
  return { layered, wide, fan };
}

async function measureBare(url: string, cpu: CpuMeter): Promise<Measured> {
  await using ledger = await openDatabase(url, "bare");
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
  const measured = await finish(cpu, { before, startedMs, count: total });
  await runner.stop();
  return measured;
}

async function measureEngine(
  url: string,
  bench: { readonly name: string; readonly sketches: readonly AssetSketch[]; readonly cpu: CpuMeter },
): Promise<Measured> {
  await using ledger = await openDatabase(url, bench.name);
  const plan = planOf(bench.sketches);
  await using _worker = await startWorker({
    ledger,
    executor: createTestExecutor(),
    concurrency: 16,
    stores: () => new Set(["default"]),
    resources: {},
    retry: { minDelayMs: 500, maxDelayMs: 60_000 },
    logger: silentLogger,
    random: Math.random,
  });
  const submittedMs = performance.now();
  const { id } = await insertRun(ledger.db, {
    kind: "run",
    plan,
    executionOf: executionOf(bench.sketches),
    requestedBy: "bench",
    idempotencyKey: null,
    maxParallel: null,
    traceId: "0".repeat(32),
  });
  const submitMs = performance.now() - submittedMs;
  const before = await bench.cpu.read();
  const startedMs = performance.now();
  for (;;) {
    const { rows } = await ledger.pool.query<{ open: number }>(
      "select open_count as open from watersmeet.run where id = $1",
      [id],
    );
    if (rows[0]?.open === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { ...(await finish(bench.cpu, { before, startedMs, count: plan.stepCount })), submitMs };
}

async function finish(
  cpu: CpuMeter,
  part: { readonly before: Awaited<ReturnType<CpuMeter["read"]>>; readonly startedMs: number; readonly count: number },
): Promise<Measured> {
  const seconds = (performance.now() - part.startedMs) / 1000;
  const after = await cpu.read();
  return {
    perSecond: part.count / seconds,
    nodeUs: (after.nodeUs - part.before.nodeUs) / part.count,
    postgresUs: (after.postgresUs - part.before.postgresUs) / part.count,
    submitMs: null,
  };
}

async function openDatabase(url: string, name: string): Promise<LedgerConnections> {
  const admin = new pg.Client(connectionSettings(url));
  await admin.connect();
  await admin.query(`create database "${name}"`);
  await admin.end();
  const own = new URL(url);
  own.pathname = `/${name}`;
  const ledger = await openLedger(own.href, { maxConnections: 20 });
  await ensureDoorbell(ledger.pool);
  return ledger;
}

function report(name: string, measured: Measured, bare: number | null): void {
  const ratio = bare === null ? "" : `  ratio ${(measured.perSecond / bare).toFixed(2)}`;
  const submit = measured.submitMs === null ? "" : `  submit ${measured.submitMs.toFixed(0)} ms`;
  const cpuUs = `${measured.nodeUs.toFixed(0)} + ${measured.postgresUs.toFixed(0)} = ${(measured.nodeUs + measured.postgresUs).toFixed(0)} µs CPU`;
  console.log(`${name.padEnd(22)}${measured.perSecond.toFixed(0).padStart(7)}/s  ${cpuUs}${ratio}${submit}`);
}
