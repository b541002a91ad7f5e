import pg from "pg";
import { connectionSettings, openLedger, type LedgerConnections } from "../src/ledger/open-ledger.ts";
import type { RunId } from "../src/ledger/records.ts";
import { silentLogger } from "../src/observe/logger.ts";
import { ensureDoorbell } from "../src/queue/doorbell/doorbell.ts";
import { insertRun } from "../src/queue/submit-run.ts";
import type { StepExecutor } from "../src/step/step.ts";
import { startWorker } from "../src/worker/start-worker.ts";
import { createTestExecutor } from "../test/worker/test-executor.ts";
import { executionOf, planOf, type AssetSketch } from "../test/worker/test-plans.ts";
import type { CpuMeter } from "./cpu-meter.ts";

export interface Measured {
  readonly perSecond: number;
  readonly nodeUs: number;
  readonly postgresUs: number;
  readonly submitMs: number | null;
}

/** The shapes of the benchmark, with so many steps each. */
export function listShapes(total: number): Readonly<Record<"layered" | "wide" | "fan", readonly AssetSketch[]>> {
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

/** Looks so seldom that looking costs nothing: polling was a tenth of what was measured. */
const lookEveryMs = 25;

/** What a worker runs before it is measured: one that runs for weeks is to be measured, not the compilation of its code. */
export const warmUp: readonly AssetSketch[] = listShapes(2000).layered.map(({ key, inputs = [], ...sketch }) => ({
  ...sketch,
  key: `warm_${key}`,
  inputs: inputs.map((input) => (typeof input === "string" ? `warm_${input}` : input)),
}));

/** One run by the real engine: one worker, whose steps do what the executor does. */
export async function measureEngine(
  url: string,
  bench: {
    readonly name: string;
    readonly sketches: readonly AssetSketch[];
    readonly cpu: CpuMeter;
    readonly concurrency: number;
    /** What steps do. @default nothing */
    readonly executor?: StepExecutor;
  },
): Promise<Measured> {
  await using ledger = await openDatabase(url, bench.name);
  await using _worker = await startWorker({
    ledger,
    executor: bench.executor ?? createTestExecutor(),
    concurrency: bench.concurrency,
    stores: () => new Set(["default"]),
    resources: {},
    retry: { minDelayMs: 500, maxDelayMs: 60_000 },
    logger: silentLogger,
    random: Math.random,
  });
  await finishRun(ledger, await submitRun(ledger, warmUp));
  const plan = planOf(bench.sketches);
  const submittedMs = performance.now();
  const id = await submitRun(ledger, bench.sketches, plan);
  const submitMs = performance.now() - submittedMs;
  const before = await bench.cpu.read();
  const startedMs = performance.now();
  await finishRun(ledger, id);
  return { ...(await finishMeasure(bench.cpu, { before, startedMs, count: plan.stepCount })), submitMs };
}

async function submitRun(
  ledger: LedgerConnections,
  sketches: readonly AssetSketch[],
  plan = planOf(sketches),
): Promise<RunId> {
  const { id } = await insertRun(ledger.db, {
    kind: "run",
    plan,
    executionOf: executionOf(sketches),
    requestedBy: "bench",
    idempotencyKey: null,
    maxParallel: null,
    traceId: "0".repeat(32),
  });
  return id;
}

async function finishRun(ledger: LedgerConnections, id: RunId): Promise<void> {
  for (;;) {
    const { rows } = await ledger.pool.query<{ open: number }>(
      "select open_count as open from watersmeet.run where id = $1",
      [id],
    );
    if (rows[0]?.open === 0) return;
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

export async function finishMeasure(
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

/** A database of its own on the server, with a ledger and a doorbell. */
export async function openDatabase(url: string, name: string): Promise<LedgerConnections> {
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

export function report(name: string, measured: Measured, bare: number | null): void {
  const ratio = bare === null ? "" : `  ratio ${(measured.perSecond / bare).toFixed(2)}`;
  const submit = measured.submitMs === null ? "" : `  submit ${measured.submitMs.toFixed(0)} ms`;
  const cpuUs = `${measured.nodeUs.toFixed(0)} + ${measured.postgresUs.toFixed(0)} = ${(measured.nodeUs + measured.postgresUs).toFixed(0)} µs CPU`;
  console.log(`${name.padEnd(22)}${measured.perSecond.toFixed(0).padStart(7)}/s  ${cpuUs}${ratio}${submit}`);
}
