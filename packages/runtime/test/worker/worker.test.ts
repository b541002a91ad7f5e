import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { expect, test } from "vitest";
import type { LedgerDb } from "../../src/ledger/open-ledger.ts";
import type { RunId } from "../../src/ledger/records.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import { insertRun, type NewRun } from "../../src/queue/submit-run.ts";
import { startWorker, type WorkerOptions } from "../../src/worker/start-worker.ts";
import { createTestLedger } from "../ledger/test-ledger.ts";
import { createTestExecutor } from "./test-executor.ts";
import { executionOf, planOf, type AssetSketch } from "./test-plans.ts";

test("a run of layered assets ends with every step succeeded once", async () => {
  await using ledger = await createTestLedger();
  const id = await submit(ledger.db, [
    { key: "a", partitions: 20 },
    { key: "b", partitions: 20, inputs: ["a"] },
    { key: "c", inputs: [{ from: "b", mapping: { kind: "all" } }] },
    { key: "d", partitions: 20, inputs: ["b", "c"] },
  ]);
  await using _worker = await startWorker(workerOptions(ledger.connections));
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  const { rows } = await sql<{ state: string; count: number }>`
    select state, count(*)::int as count from watersmeet.step group by state`.execute(ledger.db);
  expect(rows).toEqual([{ state: "succeeded", count: 61 }]);
});

async function submit(db: LedgerDb, sketches: readonly AssetSketch[], overrides: Partial<NewRun> = {}): Promise<RunId> {
  const run: NewRun = {
    kind: "run",
    plan: planOf(sketches),
    executionOf: executionOf(sketches),
    requestedBy: "test",
    idempotencyKey: null,
    maxParallel: null,
    traceId: "0".repeat(32),
    ...overrides,
  };
  return (await insertRun(db, run)).id;
}

function workerOptions(ledger: WorkerOptions["ledger"], overrides: Partial<WorkerOptions> = {}): WorkerOptions {
  return {
    ledger,
    executor: createTestExecutor(),
    concurrency: 4,
    stores: () => new Set(["default"]),
    resources: {},
    retry: { minDelayMs: 5, maxDelayMs: 20 },
    logger: { ...silentLogger, warn: (fields, message) => console.error(message, fields) },
    random: () => 0.5,
    ...overrides,
  };
}

async function waitForEnd(db: LedgerDb, id: RunId, timeoutMs = 15_000): Promise<string> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const { state } = await db.selectFrom("run").select("state").where("id", "=", id).executeTakeFirstOrThrow();
    if (state === "succeeded" || state === "failed" || state === "cancelled") return state;
    if (Date.now() > deadline) throw new Error(`run ${id} is still ${state}`);
    await sleep(20);
  }
}
