import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import type { LedgerConnections, LedgerDb } from "../../src/ledger/open-ledger.ts";
import type { RunId } from "../../src/ledger/records.ts";
import { silentLogger } from "../../src/observe/logger.ts";
import { ringDoorbell } from "../../src/queue/doorbell/doorbell.ts";
import { insertRun, type NewRun } from "../../src/queue/submit-run.ts";
import { startWorker, type RunningWorker, type WorkerOptions } from "../../src/worker/start-worker.ts";
import { createTestExecutor, type StepBehaviour } from "./test-executor.ts";
import { executionOf, planOf, type AssetSketch } from "./test-plans.ts";

export function newRun(sketches: readonly AssetSketch[], overrides: Partial<NewRun> = {}): NewRun {
  return {
    kind: "run",
    plan: overrides.plan ?? planOf(sketches),
    executionOf: executionOf(sketches),
    requestedBy: "test",
    idempotencyKey: null,
    maxParallel: null,
    traceId: "0".repeat(32),
    ...overrides,
  };
}

/** Records a run and rings the doorbell, as a face does. */
export async function submit(
  db: LedgerDb,
  sketches: readonly AssetSketch[],
  overrides: Partial<NewRun> = {},
): Promise<RunId> {
  const { id } = await insertRun(db, newRun(sketches, overrides));
  await ringDoorbell(db, 4);
  return id;
}

export function startTestWorker(
  ledger: LedgerConnections,
  behave: StepBehaviour = () => undefined,
  overrides: Partial<WorkerOptions> = {},
): Promise<RunningWorker> {
  return startWorker({
    ledger,
    executor: createTestExecutor(behave),
    concurrency: 4,
    stores: () => new Set(["default"]),
    resources: {},
    retry: { minDelayMs: 5, maxDelayMs: 20 },
    logger: silentLogger,
    random: () => 0.5,
    ...overrides,
  });
}

export async function waitForEnd(db: LedgerDb, id: RunId): Promise<string> {
  let last = "";
  await waitUntil(async () => {
    last = (await db.selectFrom("run").select("state").where("id", "=", id).executeTakeFirstOrThrow()).state;
    return last === "succeeded" || last === "failed" || last === "cancelled";
  });
  return last;
}

/** For what must come about; the end is for what hangs, whatever the machine, and comes before that of the test, so that the place is told. */
export async function waitUntil(isTrue: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + 240_000;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`it did not happen in 240 s: ${isTrue.toString()}`);
    await sleep(10);
  }
}

export interface StepRow {
  readonly ordinal: number;
  readonly asset: string;
  readonly partition: string;
  readonly state: string;
  readonly pending: number;
  readonly attempt: number;
  readonly failures: number;
  readonly crashes: number;
  readonly failure: { readonly code: string; readonly message: string } | null;
}

export async function listStepRows(db: LedgerDb, id: RunId): Promise<readonly StepRow[]> {
  const { rows } = await sql<StepRow>`
    select ordinal, asset, partition, state, pending, attempt, failures, crashes, failure from watersmeet.step
    where run_id = ${id} order by ordinal`.execute(db);
  return rows;
}

export async function countStates(db: LedgerDb, id: RunId): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { state } of await listStepRows(db, id)) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

export async function listAttemptOutcomes(db: LedgerDb, id: RunId): Promise<readonly string[]> {
  const { rows } = await sql<{ outcome: string }>`
    select outcome from watersmeet.ended_attempt where run_id = ${id} order by ordinal, attempt`.execute(db);
  return rows.map((row) => row.outcome);
}
