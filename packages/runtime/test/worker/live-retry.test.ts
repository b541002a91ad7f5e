import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunId } from "../../src/ledger/records.ts";
import { cancelRun, pauseRun, resumeRun, retryRun } from "../../src/queue/control-run.ts";
import { createShapeCache } from "../../src/queue/shape/shape-cache.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import { failed } from "./test-executor.ts";
import type { AssetSketch } from "./test-plans.ts";
import {
  countStates,
  listAttemptOutcomes,
  listStepRows,
  startTestWorker,
  submit,
  waitForEnd,
  waitUntil,
} from "./test-runs.ts";

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await createTestLedger();
});
afterAll(() => ledger[Symbol.asyncDispose]());

/** A branch that breaks, one that is slow, and what needs both. */
const branches: readonly AssetSketch[] = [
  { key: "root" },
  { key: "bad", partitions: 3, inputs: [{ from: "root", mapping: { kind: "all" } }] },
  { key: "belowBad", partitions: 3, inputs: ["bad"] },
  { key: "slow", partitions: 6, inputs: [{ from: "root", mapping: { kind: "all" } }] },
  {
    key: "end",
    inputs: [
      { from: "belowBad", mapping: { kind: "all" } },
      { from: "slow", mapping: { kind: "all" } },
    ],
  },
];

function waitForStates(id: RunId, states: Readonly<Record<string, number>>): Promise<void> {
  return waitUntil(async () => isDeepStrictEqual(await countStates(ledger.db, id), states));
}

test("a branch that failed is tried again inside the run that goes on, and its siblings do not notice", async () => {
  const id = await submit(ledger.db, branches);
  let isMended = false;
  const { promise: mayEnd, resolve: letEnd } = Promise.withResolvers<void>();
  await using _worker = await startTestWorker(
    ledger.connections,
    async (step) => {
      if (step.asset === "slow") await mayEnd;
      return step.asset === "bad" && step.partition !== "p0000" && !isMended ? failed() : undefined;
    },
    { concurrency: 8 },
  );
  await waitForStates(id, { succeeded: 3, failed: 2, upstreamFailed: 3, running: 6 });
  isMended = true;
  await retryRun(ledger.db, { id, by: "test", shapeOf: createShapeCache() });
  await waitForStates(id, { succeeded: 7, running: 6, waiting: 1 });
  letEnd();
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  const attempts = (await listStepRows(ledger.db, id)).map((step) => [step.asset, step.attempt]);
  expect(attempts.filter(([asset, attempt]) => asset !== "bad" && attempt !== 1)).toEqual([]);
  expect((await listAttemptOutcomes(ledger.db, id)).filter((outcome) => outcome === "failed")).toHaveLength(2);
});

test("in a run that is paused what is tried again waits, and goes on with it, however much later and in whichever worker", async () => {
  // What comes after the slow ones is left when they have ended in a run that is paused.
  const id = await submit(ledger.db, [
    ...branches,
    { key: "later", inputs: [{ from: "slow", mapping: { kind: "all" } }] },
  ]);
  const { promise: mayEnd, resolve: letEnd } = Promise.withResolvers<void>();
  let isMended = false;
  const behave = (step: { readonly asset: string }): ReturnType<typeof failed> | undefined =>
    step.asset === "bad" && !isMended ? failed() : undefined;
  {
    await using _worker = await startTestWorker(
      ledger.connections,
      async (step) => {
        if (step.asset === "slow") await mayEnd;
        return behave(step);
      },
      { concurrency: 16 },
    );
    await waitUntil(async () => ((await countStates(ledger.db, id))["failed"] ?? 0) === 3);
    await pauseRun(ledger.db, id, "test");
    letEnd();
    await waitUntil(async () => ((await countStates(ledger.db, id))["running"] ?? 0) === 0);
  }
  isMended = true;
  await retryRun(ledger.db, { id, by: "test", shapeOf: createShapeCache() });
  await using _next = await startTestWorker(ledger.connections, behave);
  await sleep(300);
  expect((await countStates(ledger.db, id))["failed"]).toBeUndefined();
  expect((await listStepRows(ledger.db, id)).filter((step) => step.asset === "bad").map((step) => step.state)).toEqual([
    "ready",
    "ready",
    "ready",
  ]);
  await resumeRun(ledger.db, id, "test");
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
});

test("a run that is being cancelled is not tried again", async () => {
  const id = await submit(ledger.db, [{ key: "held" }]);
  const { promise: mayEnd, resolve: letEnd } = Promise.withResolvers<void>();
  await using _worker = await startTestWorker(ledger.connections, async () => {
    await mayEnd;
    return undefined;
  });
  await waitUntil(async () => (await countStates(ledger.db, id))["running"] === 1);
  await cancelRun(ledger.db, id, "test");
  await expect(retryRun(ledger.db, { id, by: "test", shapeOf: createShapeCache() })).rejects.toMatchObject({
    code: "RUN_STATE_CONFLICT",
  });
  letEnd();
  expect(await waitForEnd(ledger.db, id)).toBe("cancelled");
});
