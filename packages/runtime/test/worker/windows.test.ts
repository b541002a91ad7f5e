import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLedger } from "../../src/ledger/create-ledger.ts";
import { openLedger } from "../../src/ledger/open-ledger.ts";
import type { RunId } from "../../src/ledger/records.ts";
import { cancelRun, retryRun } from "../../src/queue/control-run.ts";
import { createShapeCache } from "../../src/queue/shape/shape-cache.ts";
import { insertRun } from "../../src/queue/submit-run.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import { failed, type StepBehaviour } from "./test-executor.ts";
import { executionOf, planOf } from "./test-plans.ts";
import { countStates, newRun, startTestWorker, submit, waitForEnd, waitUntil } from "./test-runs.ts";

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await createTestLedger();
});
afterAll(() => ledger[Symbol.asyncDispose]());

async function countOpenRows(id: RunId): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from watersmeet.step where run_id = ${id} and state < 'succeeded'`.execute(
    ledger.db,
  );
  return rows[0]?.count ?? 0;
}

const chain = [
  { key: "first", partitions: 100 },
  { key: "second", partitions: 100, inputs: ["first"] },
  { key: "last", inputs: [{ from: "second", mapping: { kind: "all" as const } }] },
];

const patience = { timeout: 120_000 };

test("a run in windows has few rows at a time, and ends as any other, with two workers", patience, async () => {
  const other = await openLedger(ledger.url);
  const id = await submit(ledger.db, chain, { windowSize: 20 });
  expect(await countOpenRows(id)).toBe(20);
  let most = 0;
  {
    await using _one = await startTestWorker(ledger.connections, () => sleep(1, undefined));
    await using _two = await startTestWorker(other, () => sleep(1, undefined));
    await waitUntil(async () => {
      most = Math.max(most, await countOpenRows(id));
      return (await createLedger(ledger.db).findRun(id))?.state === "succeeded";
    });
  }
  await other[Symbol.asyncDispose]();
  // What a worker takes as it is released comes on top of the window.
  expect(most).toBeLessThan(20 + 100);
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 201 });
  const run = await createLedger(ledger.db).findRun(id);
  expect(run?.steps).toMatchObject({ waiting: 0, ready: 0, running: 0, succeeded: 201 });
});

test("steps without rows are counted as waiting, and as cancelled when the run is", async () => {
  const id = await submit(ledger.db, chain, { windowSize: 5 });
  const read = async () => (await createLedger(ledger.db).findRun(id))?.steps;
  expect(await read()).toMatchObject({ waiting: 196, ready: 5 });
  await cancelRun(ledger.db, id, "test");
  expect(await waitForEnd(ledger.db, id)).toBe("cancelled");
  expect(await read()).toMatchObject({ waiting: 0, ready: 0, cancelled: 201 });
});

test(
  "a run that was cancelled in the middle of its windows goes on when it is retried, and loses nothing",
  patience,
  async () => {
    const id = await submit(ledger.db, chain, { windowSize: 15 });
    let [begun, isHeld] = [0, true];
    const mustWait = (): boolean => isHeld && begun > 30;
    await using _worker = await startTestWorker(ledger.connections, async (_step, signal) => {
      begun += 1;
      while (mustWait() && !signal.aborted) await sleep(5);
      return undefined;
    });
    await waitUntil(async () => ((await countStates(ledger.db, id))["succeeded"] ?? 0) > 20);
    await cancelRun(ledger.db, id, "test");
    expect(await waitForEnd(ledger.db, id)).toBe("cancelled");
    isHeld = false;
    await retryRun(ledger.db, { id, by: "test", shapeOf: createShapeCache() });
    expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
    expect(await countStates(ledger.db, id)).toEqual({ succeeded: 201 });
  },
);

test("a large run that goes on tries again what failed in it, and loses nothing", patience, async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  let isBroken = true;
  const behave: StepBehaviour = async ({ asset, partition }) => {
    if (asset !== "first") return undefined;
    if (partition === "p0099") await gate;
    return partition === "p0000" && isBroken ? failed() : undefined;
  };
  await using _worker = await startTestWorker(ledger.connections, behave);
  const id = await submit(ledger.db, chain, { windowSize: 15 });
  const read = async () => (await createLedger(ledger.db).findRun(id))?.steps;
  await waitUntil(async () => {
    const steps = await read();
    // The one that waits was taken without a row, and is shown as running when it takes long.
    return steps?.succeeded === 98 + 98 && steps.running === 1;
  });
  isBroken = false;
  await retryRun(ledger.db, { id, by: "test", shapeOf: createShapeCache() });
  open();
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 201 });
});

test("a million partitions are recorded at once, with rows for the first of them", async () => {
  const sketches = [{ key: "huge" }, { key: "reader", inputs: ["huge"] }];
  const plan = planOf(sketches, { buckets: 1_000_000 });
  const { id } = await insertRun(ledger.db, { ...newRun(sketches, { plan }), executionOf: executionOf(sketches) });
  expect(await countOpenRows(id)).toBe(2000);
  const run = await createLedger(ledger.db).findRun(id);
  expect(run?.steps).toMatchObject({ waiting: 1_998_000, ready: 2000 });
  await cancelRun(ledger.db, id, "test");
  expect(await waitForEnd(ledger.db, id)).toBe("cancelled");
});
