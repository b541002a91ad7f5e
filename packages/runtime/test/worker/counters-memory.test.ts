import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunId } from "../../src/ledger/records.ts";
import { claimSteps } from "../../src/queue/claim/claim-steps.ts";
import { resolveInputs } from "../../src/queue/claim/resolve-inputs.ts";
import type { HeldStep } from "../../src/queue/claim/take-ready.ts";
import { createVersionMemory } from "../../src/queue/claim/version-memory.ts";
import { cancelRun, retryRun } from "../../src/queue/control-run.ts";
import { createCounterMemory, type CounterMemory } from "../../src/queue/counters/counter-memory.ts";
import { settleWorker } from "../../src/queue/counters/holds.ts";
import type { EndedAttempt } from "../../src/queue/record/accepted-attempt.ts";
import { createPlainRuns, type PlainRuns } from "../../src/queue/record/plain/plain-runs.ts";
import { recordOutcomes } from "../../src/queue/record/record-outcomes.ts";
import { createShapeCache } from "../../src/queue/shape/shape-cache.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import { scenario } from "./random-graphs.ts";
import { committed, failed } from "./test-executor.ts";
import { submit } from "./test-runs.ts";

/*
 * Two workers, each with counters of its own, claim and record in any order; runs are cancelled and retried in between. Whenever one of them looks, what it
 * has in memory is what the steps in the table say.
 */
let ledger: TestLedger;
beforeAll(async () => {
  ledger = await createTestLedger();
});
afterAll(() => ledger[Symbol.asyncDispose]());

const shapeOf = createShapeCache();
const suspects = { again: 1, once: 1 };

const moves = fc.array(
  fc.record({
    worker: fc.nat(1),
    deed: fc.constantFrom(
      "claim",
      "record",
      "record",
      "record",
      "record",
      "record",
      "look",
      "cancel",
      "retry",
      "settle",
    ),
    size: fc.integer({ min: 1, max: 6 }),
    outcome: fc.constantFrom("good", "good", "good", "good", "good", "good", "failed", "lost", "released"),
    takesReleased: fc.constantFrom(true, true, false),
  }),
  { minLength: 40, maxLength: 40 },
);

/** Rows ahead of those that have ended; `null`: all from the start. */
const windows = fc.option(fc.integer({ min: 1, max: 12 }));

interface TestWorker {
  readonly id: string;
  readonly counters: CounterMemory;
  readonly plain: PlainRuns;
  held: readonly HeldStep[];
}

async function makeWorker(): Promise<TestWorker> {
  const { id } = await ledger.db
    .insertInto("worker")
    .values({ host: "h", pid: 1, slots: 1, stores: [] })
    .returning("id")
    .executeTakeFirstOrThrow();
  return { id, counters: createCounterMemory(), plain: createPlainRuns(), held: [] };
}

/** An attempt is given to one worker, with a row or without. */
function expectHeldOnce(workers: readonly TestWorker[]): void {
  const held = workers.flatMap((worker) => worker.held.map(({ ordinal, attempt }) => `${ordinal}/${attempt}`));
  expect(held).toEqual([...new Set(held)]);
}

async function expectExact(runId: RunId, counters: CounterMemory): Promise<void> {
  const shape = await shapeOf(ledger.db, runId);
  const { revision } = await ledger.db
    .selectFrom("run")
    .select("revision")
    .where("id", "=", runId)
    .executeTakeFirstOrThrow();
  const run = { id: runId, revision, shape };
  const kept = await counters.open(ledger.db, run);
  const counted = await createCounterMemory().open(ledger.db, run);
  const first = { first: 0 };
  expect({ ...kept, rows: kept.rows && { ...kept.rows, ...first } }).toEqual({
    ...counted,
    rows: counted.rows && { ...counted.rows, ...first },
  });
}

async function endedAs(
  worker: TestWorker,
  held: readonly HeldStep[],
  outcome: "good" | "failed" | "lost" | "released",
): Promise<readonly EndedAttempt[]> {
  const deps = { shapeOf, installationId: "t", memory: createVersionMemory() };
  const resolved = await resolveInputs(ledger.db, held, deps);
  const at = new Date();
  return resolved.map(({ held: step, claimed, inputIds }): EndedAttempt => ({
    step,
    workerId: worker.id,
    outcome:
      outcome === "good"
        ? committed(claimed)
        : outcome === "failed"
          ? failed()
          : outcome === "lost"
            ? { kind: "lost", workerId: worker.id }
            : { kind: "released" },
    startedAt: at,
    finishedAt: at,
    inputs: claimed.inputs,
    inputIds,
    orders: null,
  }));
}

test("whatever two workers, a cancel and a retry do to a run, counters in memory are those of the table", async () => {
  let heldWithoutRows = 0;
  await fc.assert(
    fc.asyncProperty(scenario, moves, windows, async ({ sketches }, deeds, windowSize) => {
      const workers = await Promise.all([makeWorker(), makeWorker()]);
      const runId = await submit(ledger.db, sketches, windowSize === null ? {} : { windowSize });
      for (const { worker: index, deed, size, outcome, takesReleased } of deeds) {
        const worker = workers[index];
        if (worker === undefined) continue;
        const request = { workerId: worker.id, stores: new Set(["default"]), limit: size, suspects };
        if (deed === "claim") worker.held = [...worker.held, ...(await claimSteps(ledger.db, request)).held];
        if (deed === "look") await expectExact(runId, worker.counters);
        if (deed === "cancel" && size === 1) await cancelRun(ledger.db, runId, "test");
        if (deed === "settle") await ledger.db.transaction().execute((tx) => settleWorker(tx, worker.id, shapeOf));
        if (deed === "retry") await retryRun(ledger.db, { id: runId, by: "test", shapeOf }).catch(() => {});
        if (deed !== "record" || worker.held.length === 0) continue;
        const ended = await endedAs(worker, worker.held.slice(0, size), outcome);
        const recorded = await recordOutcomes(ledger.db, ended, {
          shapeOf,
          retry: { minDelayMs: 0, maxDelayMs: 0 },
          random: () => 0,
          counters: worker.counters,
          plain: worker.plain,
          next: () => ({ ...request, takesReleased }),
        });
        worker.held = [...worker.held.slice(size), ...recorded.held];
        heldWithoutRows += recorded.held.filter((step) => step.hold !== undefined).length;
        expectHeldOnce(workers);
      }
      for (const { counters } of workers) await expectExact(runId, counters);
      await cancelRun(ledger.db, runId, "test");
      const rest = await Promise.all(workers.map((worker) => endedAs(worker, worker.held, "released")));
      await recordOutcomes(ledger.db, rest.flat(), {
        shapeOf,
        retry: { minDelayMs: 0, maxDelayMs: 0 },
        random: () => 0,
      });
    }),
    { numRuns: 20, seed: 11, endOnFailure: true },
  );
  expect(heldWithoutRows).toBeGreaterThan(20);
});
