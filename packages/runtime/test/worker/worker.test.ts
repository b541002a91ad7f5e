import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLedger } from "../../src/ledger/create-ledger.ts";
import { openLedger, type LedgerConnections } from "../../src/ledger/open-ledger.ts";
import { cancelRun, pauseRun, resumeRun, retryRun } from "../../src/queue/control-run.ts";
import { createShapeCache } from "../../src/queue/shape/shape-cache.ts";
import { insertRun } from "../../src/queue/submit-run.ts";
import type { ClaimedStep } from "../../src/step/step.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import { createTestExecutor, failed } from "./test-executor.ts";
import { planOf } from "./test-plans.ts";
import {
  countStates,
  listAttemptOutcomes,
  listStepRows,
  newRun,
  startTestWorker,
  submit,
  waitForEnd,
  waitUntil,
} from "./test-runs.ts";

let ledger: TestLedger;
let other: LedgerConnections;
beforeAll(async () => {
  ledger = await createTestLedger();
  other = await openLedger(ledger.url);
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await ledger[Symbol.asyncDispose]();
});

const layered = [
  { key: "a", partitions: 20 },
  { key: "b", partitions: 20, inputs: ["a"] },
  { key: "c", inputs: [{ from: "b", mapping: { kind: "all" } }] },
  { key: "d", partitions: 20, inputs: ["b", "c"] },
] as const;

test("a run of layered assets succeeds, and its versions name what they read", async () => {
  const id = await submit(ledger.db, layered);
  await using _worker = await startTestWorker(ledger.connections);
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 61 });
  const made = await createLedger(ledger.db).listMaterializations({ runId: id }, { limit: 100 });
  expect(made.items).toHaveLength(61);
  const fanIn = made.items.find((each) => each.asset === "c");
  expect(fanIn?.inputs.map((input) => `${input.asset}@${input.partition}`)).toEqual(
    Array.from({ length: 20 }, (_, index) => `b@p${String(index).padStart(4, "0")}`),
  );
  const last = made.items.find((each) => each.asset === "d");
  expect(last?.inputs.map((input) => [input.position, input.asset])).toEqual([
    ["0", "b"],
    ["1", "c"],
  ]);
  expect(made.items.every((each) => each.isHead)).toBe(true);
});

test("a step that only waits for a commit that it shares leaves its slot to others", async () => {
  const id = await submit(ledger.db, [{ key: "many", partitions: 3 }]);
  const all = Promise.withResolvers<void>();
  let waiting = 0;
  await using _worker = await startTestWorker(
    ledger.connections,
    async (_step, _signal, listener) => {
      waiting += 1;
      if (waiting === 3) all.resolve();
      listener.publishing?.();
      await all.promise;
      return undefined;
    },
    { concurrency: 1 },
  );
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
});

test("steps that were claimed together are told of together, and begin when what they need was asked for", async () => {
  const id = await submit(ledger.db, [{ key: "told", partitions: 4 }]);
  const executor = createTestExecutor();
  const asked = new Set<ClaimedStep>();
  const early: ClaimedStep[] = [];
  const told: number[] = [];
  await using _worker = await startTestWorker(ledger.connections, undefined, {
    concurrency: 4,
    executor: {
      ...executor,
      async execute(step, listener, signal) {
        if (asked.has(step)) early.push(step);
        return executor.execute(step, listener, signal);
      },
      async expect(steps) {
        told.push(steps.length);
        for (const step of steps) asked.add(step);
        await new Promise(setImmediate);
        for (const step of steps) asked.delete(step);
      },
    },
  });
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(Math.max(...told)).toBeGreaterThan(1);
  expect(early).toEqual([]);
});

test("a failure that may pass is tried again, with its attempts on record", async () => {
  const id = await submit(ledger.db, [{ key: "flaky" }, { key: "after", inputs: ["flaky"] }]);
  let tries = 0;
  await using _worker = await startTestWorker(ledger.connections, (step) =>
    step.asset === "flaky" && ++tries < 3 ? failed({ class: "transient" }) : undefined,
  );
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(await listAttemptOutcomes(ledger.db, id)).toEqual(["failed", "failed", "committed", "committed"]);
});

test("attempts are bounded, and a failure for good is not repeated", async () => {
  const id = await submit(ledger.db, [{ key: "never" }, { key: "broken" }, { key: "child", inputs: ["broken"] }]);
  await using _worker = await startTestWorker(ledger.connections, (step) =>
    failed({ class: step.asset === "never" ? "transient" : "permanent" }),
  );
  expect(await waitForEnd(ledger.db, id)).toBe("failed");
  const rows = await listStepRows(ledger.db, id);
  expect(rows.map(({ asset, state, attempt }) => [asset, state, attempt])).toEqual(
    expect.arrayContaining([
      ["never", "failed", 3],
      ["broken", "failed", 1],
      ["child", "upstreamFailed", 0],
    ]),
  );
});

test("retry opens what has ended badly, once more, and keeps what has succeeded", async () => {
  const id = await submit(ledger.db, [
    { key: "good", partitions: 3 },
    { key: "bad", partitions: 3, inputs: ["good"] },
    {
      key: "end",
      inputs: [
        { from: "bad", mapping: { kind: "all" } },
        { from: "good", mapping: { kind: "all" } },
      ],
    },
  ]);
  let isMended = false;
  await using _worker = await startTestWorker(ledger.connections, (step) =>
    step.asset === "bad" && step.partition !== "p0000" && !isMended ? failed() : undefined,
  );
  expect(await waitForEnd(ledger.db, id)).toBe("failed");
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 4, failed: 2, upstreamFailed: 1 });
  isMended = true;
  await retryRun(ledger.db, { id, by: "test", shapeOf: createShapeCache() });
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 7 });
  const goods = (await listStepRows(ledger.db, id)).filter((row) => row.asset === "good");
  expect(goods.map((row) => row.attempt)).toEqual([1, 1, 1]);
});

test("a run that has not ended is not retried", async () => {
  const id = await submit(ledger.db, [{ key: "idle" }]);
  await expect(retryRun(ledger.db, { id, by: "test", shapeOf: createShapeCache() })).rejects.toMatchObject({
    code: "RUN_STATE_CONFLICT",
  });
  await cancelRun(ledger.db, id, "test");
  expect(await waitForEnd(ledger.db, id)).toBe("cancelled");
});

test("cancelling ends what waits at once, aborts what runs, and stays", async () => {
  const id = await submit(ledger.db, [
    { key: "long", partitions: 30 },
    { key: "next", partitions: 30, inputs: ["long"] },
  ]);
  await using _worker = await startTestWorker(ledger.connections, async (_step, signal) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    return undefined;
  });
  await waitUntil(async () => ((await countStates(ledger.db, id))["running"] ?? 0) === 4);
  await cancelRun(ledger.db, id, "test");
  // All but what the worker has: four that run, and some that it took ahead.
  expect((await countStates(ledger.db, id))["cancelled"]).toBeGreaterThanOrEqual(40);
  // What runs ends when it is aborted, and not before.
  expect(await waitForEnd(ledger.db, id)).toBe("cancelled");
  expect(await countStates(ledger.db, id)).toEqual({ cancelled: 60 });
});

test("a paused run starts nothing more until it is resumed", async () => {
  const id = await submit(ledger.db, [{ key: "slow", partitions: 24 }]);
  const mayEnd = Promise.withResolvers<undefined>();
  await using _worker = await startTestWorker(ledger.connections, () => mayEnd.promise);
  await waitUntil(async () => (await countStates(ledger.db, id))["running"] === 4);
  await pauseRun(ledger.db, id, "test");
  mayEnd.resolve(undefined);
  await waitUntil(async () => (await countStates(ledger.db, id))["running"] === undefined);
  const before = await countStates(ledger.db, id);
  await sleep(200);
  expect(await countStates(ledger.db, id)).toEqual(before);
  expect(before["ready"]).toBeGreaterThan(0);
  await resumeRun(ledger.db, id, "test");
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
});

test("the limit of a resource holds over workers, and is used", async () => {
  const sketches = [
    { key: "api", partitions: 25, resource: "api" },
    { key: "free", partitions: 10 },
  ] as const;
  let [running, most] = [0, 0];
  const behave = async (step: { readonly asset: string }): Promise<undefined> => {
    if (step.asset !== "api") return undefined;
    most = Math.max(most, ++running);
    // The first of them wait for each other.
    await waitUntil(() => most >= 3);
    await sleep(5);
    running -= 1;
    return undefined;
  };
  const resources = { api: { concurrency: 3 } };
  await using _one = await startTestWorker(ledger.connections, behave, { resources });
  const id = await submit(ledger.db, sketches);
  await using _two = await startTestWorker(other, behave, { resources });
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(most).toBe(3);
});

test("a run has no more steps at a time than it may, over workers", async () => {
  let [running, most] = [0, 0];
  const behave = async (): Promise<undefined> => {
    most = Math.max(most, ++running);
    await sleep(5);
    running -= 1;
    return undefined;
  };
  const id = await submit(ledger.db, [{ key: "narrow", partitions: 30 }], { maxParallel: 2 });
  await using _one = await startTestWorker(ledger.connections, behave);
  await using _two = await startTestWorker(other, behave);
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(most).toBeLessThanOrEqual(2);
});

test("the longest way that remains goes first", async () => {
  const started: string[] = [];
  const id = await submit(ledger.db, [
    { key: "alone", partitions: 4 },
    { key: "zFirst" },
    { key: "zSecond", inputs: ["zFirst"] },
    { key: "zThird", inputs: ["zSecond"] },
  ]);
  await using _worker = await startTestWorker(
    ledger.connections,
    (step) => {
      started.push(step.asset);
      return undefined;
    },
    { concurrency: 1 },
  );
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(started[0]).toBe("zFirst");
});

test("a worker that stops hands back what it holds, and the attempt counts against nobody", async () => {
  const id = await submit(ledger.db, [{ key: "held" }]);
  {
    await using _worker = await startTestWorker(ledger.connections, async (_step, signal) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      return undefined;
    });
    await waitUntil(async () => (await countStates(ledger.db, id))["running"] === 1);
  }
  expect((await listStepRows(ledger.db, id)).map(({ state, failures, crashes }) => [state, failures, crashes])).toEqual(
    [["ready", 0, 0]],
  );
  await using _next = await startTestWorker(other);
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(await listAttemptOutcomes(ledger.db, id)).toEqual(["released", "committed"]);
});

test("a run goes on when every connection is cut in the middle", async () => {
  const id = await submit(
    ledger.db,
    layered.map((sketch) => ({ ...sketch, key: `${sketch.key}Cut`, inputs: [] })),
  );
  await using _worker = await startTestWorker(ledger.connections, async () => {
    await sleep(20);
    return undefined;
  });
  await waitUntil(async () => ((await countStates(ledger.db, id))["succeeded"] ?? 0) > 3);
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()`.execute(
    other.db,
  );
  await waitUntil(async () => {
    try {
      return (await waitForEnd(other.db, id)) === "succeeded";
    } catch {
      return false;
    }
  });
  expect(await countStates(other.db, id)).toEqual({ succeeded: 61 });
});

test("without a doorbell the sweep finds what is ready", async () => {
  await using _worker = await startTestWorker(ledger.connections);
  await sleep(50);
  const { id } = await insertRun(ledger.db, newRun([{ key: "quiet" }]));
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
});

test("the same idempotency key gives the same run", async () => {
  const sketches = [{ key: "once" }];
  const run = newRun(sketches, { idempotencyKey: "k1" });
  const first = await insertRun(ledger.db, run);
  const again = await Promise.all([insertRun(ledger.db, run), insertRun(ledger.db, run)]);
  expect(first.isExisting).toBe(false);
  expect(again).toEqual([
    { id: first.id, isExisting: true },
    { id: first.id, isExisting: true },
  ]);
  await cancelRun(ledger.db, first.id, "test");
});

test("a run with nothing to do has succeeded when it is recorded", async () => {
  const id = await submit(ledger.db, [], { plan: { ...planOf([{ key: "none" }]), assets: [], stepCount: 0 } });
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
});
