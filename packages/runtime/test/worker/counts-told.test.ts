import { afterAll, beforeAll, expect, test } from "vitest";
import { claimSteps } from "../../src/queue/claim/claim-steps.ts";
import { resolveInputs } from "../../src/queue/claim/resolve-inputs.ts";
import { createVersionMemory } from "../../src/queue/claim/version-memory.ts";
import { recordOutcomes } from "../../src/queue/record/record-outcomes.ts";
import { createShapeCache } from "../../src/queue/shape/shape-cache.ts";
import { readWaiting } from "../../src/queue/waiting/read-waiting.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import { committed } from "./test-executor.ts";
import { submit } from "./test-runs.ts";

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await createTestLedger();
});
afterAll(() => ledger[Symbol.asyncDispose]());

test("who asks why a step waits hears what it lacks now, not what it lacked at first", async () => {
  const shapeOf = createShapeCache();
  const runId = await submit(ledger.db, [
    { key: "a" },
    { key: "b" },
    { key: "c", partitions: 3 },
    { key: "d", inputs: ["a", "b", { from: "c", mapping: { kind: "all" } }] },
  ]);
  const ask = async () => readWaiting(ledger.db, [{ runId, ordinal: 5 }]);
  expect(await ask()).toMatchObject([{ kind: "inputs", count: 3 }]);
  const { id } = await ledger.db
    .insertInto("worker")
    .values({ host: "h", pid: 1, slots: 1, stores: [] })
    .returning("id")
    .executeTakeFirstOrThrow();
  const request = { workerId: id, stores: new Set(["default"]), limit: 3, suspects: { once: 1, again: 1 } };
  const { held } = await claimSteps(ledger.db, request);
  const resolved = await resolveInputs(ledger.db, held, {
    shapeOf,
    installationId: "t",
    memory: createVersionMemory(),
  });
  const at = new Date();
  const ended = resolved.map(({ held: step, claimed, inputIds }) => ({
    step,
    workerId: id,
    outcome: committed(claimed),
    startedAt: at,
    finishedAt: at,
    inputs: claimed.inputs,
    inputIds,
    orders: null,
  }));
  await recordOutcomes(ledger.db, ended, { shapeOf, retry: { minDelayMs: 0, maxDelayMs: 0 }, random: () => 0 });
  expect(await ask()).toMatchObject([{ kind: "inputs", count: 1 }]);
});
