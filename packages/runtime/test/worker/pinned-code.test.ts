import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLedger, type LedgerConnections } from "../../src/ledger/open-ledger.ts";
import { readWaiting } from "../../src/queue/waiting/read-waiting.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import { codeOf } from "./test-plans.ts";
import { countStates, listStepRows, startTestWorker, submit, waitForEnd, waitUntil } from "./test-runs.ts";

/* A deployment while a run goes on: steps are for workers with the code that their asset was planned with ("c1" in these plans). */
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

const sketches = [
  { key: "same", partitions: 6 },
  { key: "changed", partitions: 6, inputs: ["same"] },
  { key: "below", inputs: [{ from: "changed", mapping: { kind: "all" } }] },
] as const;

const oldCode = codeOf(sketches);
const newCode = codeOf([...sketches, { key: "added" }], {
  changed: { codeVersion: "c2" },
  added: { codeVersion: "c2" },
});

test("a worker with new code runs what has not changed and leaves the rest to the old one, which finishes the run", async () => {
  const ran: string[] = [];
  const id = await submit(ledger.db, sketches);
  await using _new = await startTestWorker(
    ledger.connections,
    (step) => {
      ran.push(step.asset);
      return undefined;
    },
    { code: () => newCode },
  );
  await waitUntil(async () => (await countStates(ledger.db, id))["succeeded"] === 6);
  await sleep(300);
  expect(await countStates(ledger.db, id)).toEqual({ succeeded: 6, ready: 6, waiting: 1 });
  const [waits] = (await listStepRows(ledger.db, id)).filter((step) => step.state === "ready");
  await waitUntil(async () => {
    const [waiting] = await readWaiting(ledger.db, [{ runId: id, ordinal: waits?.ordinal ?? 0 }]);
    return waiting?.kind === "noWorker" && waiting.codeVersion === "c1";
  });

  await using _old = await startTestWorker(other, () => undefined, { code: () => oldCode });
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect((await listStepRows(ledger.db, id)).every((step) => step.attempt === 1 && step.failures === 0)).toBe(true);
  expect(new Set(ran)).not.toContain("changed");
});

test("a worker whose code is loaded anew takes what it could not take before", async () => {
  let code = newCode;
  const id = await submit(ledger.db, sketches);
  await using _worker = await startTestWorker(ledger.connections, () => undefined, { code: () => code });
  await waitUntil(async () => (await countStates(ledger.db, id))["succeeded"] === 6);
  code = oldCode;
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
});
