/*
 * Urgent runs of one step behind a backfill of many, in one worker:
 *
 *     node packages/runtime/bench/urgent.bench.ts [steps of the backfill]
 *
 * Prints from asking for an urgent run to its first user code, on an idle worker for comparison, and what share of the steps the backfill keeps while a live run of many steps is beside it.
 * Bounds: p95 <= 150 ms, share >= 10 %.
 */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openEmbeddedPostgres } from "../src/ledger/embedded/embedded-postgres.ts";
import { openLedger, type LedgerConnections } from "../src/ledger/open-ledger.ts";
import { silentLogger } from "../src/observe/logger.ts";
import { ensureDoorbell, ringDoorbell } from "../src/queue/doorbell/doorbell.ts";
import { insertRun } from "../src/queue/submit-run.ts";
import { startWorker } from "../src/worker/start-worker.ts";
import { createTestExecutor } from "../test/worker/test-executor.ts";
import { executionOf, planOf, type AssetSketch } from "../test/worker/test-plans.ts";

const total = Number(process.argv[2] ?? 100_000);
const urgentRuns = 30;
const stepMs = 2;

const folder = await mkdtemp(join(tmpdir(), "watersmeet-urgent-"));
await chmod(folder, 0o755);
{
  await using server = await openEmbeddedPostgres(join(folder, "postgres"));
  await using ledger = await openLedger(server.url, { schema: "migrate" });
  await ensureDoorbell(ledger.pool);
  const started = new Map<string, number>();
  const counts = { urgent: 0, live: 0, backfill: 0 };
  const executor = createTestExecutor(async ({ runId, asset }) => {
    if (asset === "urgent") started.set(runId, performance.now());
    if (asset in counts) counts[asset as keyof typeof counts] += 1;
    await sleep(stepMs);
    return undefined;
  });
  await using _worker = await startWorker({
    ledger,
    executor,
    concurrency: 16,
    stores: () => new Set(["default"]),
    resources: {},
    retry: { minDelayMs: 500, maxDelayMs: 60_000 },
    logger: silentLogger,
    random: Math.random,
  });
  const ask = async (): Promise<readonly number[]> => {
    const waits: number[] = [];
    for (let index = 0; index < urgentRuns; index++) {
      await sleep(150 * Math.random());
      const askedMs = performance.now();
      const id = await submit(ledger, [{ key: "urgent" }], "run");
      while (!started.has(id)) await sleep(1);
      waits.push((started.get(id) ?? 0) - askedMs);
    }
    return waits.sort((a, b) => a - b);
  };
  report("urgent run on an idle worker", await ask());
  await submit(ledger, [{ key: "backfill", partitions: total }], "backfill");
  while (counts.backfill === 0) await sleep(10);
  report(`urgent run behind ${total} steps (bound: p95 150 ms)`, await ask());
  await submit(ledger, [{ key: "live", partitions: 4000 }], "run");
  while (counts.live < 200) await sleep(1);
  const before = { ...counts };
  while (counts.live < 3800) await sleep(1);
  const live = counts.live - before.live;
  const backfill = counts.backfill - before.backfill;
  console.log(
    `beside a live run of 4,000 steps the backfill keeps ${((100 * backfill) / (live + backfill)).toFixed(1)} % (bound: 10 %), ${counts.backfill} of ${total} steps done`,
  );
}
await rm(folder, { recursive: true, force: true });

function report(what: string, waits: readonly number[]): void {
  const at = (share: number): string =>
    `${(waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0).toFixed(0)} ms`;
  console.log(`${what}: p50 ${at(0.5)}, p95 ${at(0.95)}, worst ${at(1)}`);
}

async function submit(
  ledger: LedgerConnections,
  sketches: readonly AssetSketch[],
  kind: "run" | "backfill",
): Promise<string> {
  const { id } = await insertRun(ledger.db, {
    kind,
    plan: planOf(sketches),
    executionOf: executionOf(sketches),
    requestedBy: "bench",
    idempotencyKey: null,
    maxParallel: null,
    traceId: "0".repeat(32),
  });
  await ringDoorbell(ledger.db, 1);
  return id;
}
