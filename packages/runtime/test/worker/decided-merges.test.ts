import { ordersPosition } from "@watersmeet/core/plan";
import { parseAssetKey, unpartitioned } from "@watersmeet/core/values";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freezeMerge, insertDecision, unfreezeMerge } from "../../src/ledger/decisions.ts";
import { insertOrders } from "../../src/ledger/merge-orders.ts";
import { retryRun } from "../../src/queue/control-run.ts";
import { createShapeCache } from "../../src/queue/shape/shape-cache.ts";
import type { ClaimedStep } from "../../src/step/step.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import { failed } from "./test-executor.ts";
import { countStates, listStepRows, startTestWorker, submit, waitForEnd } from "./test-runs.ts";

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await createTestLedger();
});
afterAll(() => ledger[Symbol.asyncDispose]());

const environment = "prod";
const by = { by: "ana", reason: "a bad file" };

async function order(asset: string, batchId: string): Promise<void> {
  const place = { environment, asset: parseAssetKey(asset) };
  await ledger.db.transaction().execute(async (tx) => {
    const decisionId = await insertDecision(tx, { ...place, kind: "revoke", ...by });
    await insertOrders(tx, place, { decisionId, orders: [{ kind: "revoke", batchId, partition: unpartitioned }] });
  });
}

async function readFingerprints(asset: string): Promise<Readonly<Record<string, string>>> {
  const { rows } = await sql<{ inputs: Readonly<Record<string, string>> }>`
    select input_fingerprints as inputs from watersmeet.materialization where asset = ${asset} order by id desc limit 1`.execute(
    ledger.db,
  );
  return rows[0]?.inputs ?? {};
}

test("a merge gets the orders that were given for it, and they count among its inputs", async () => {
  const seen: ClaimedStep[] = [];
  await using _worker = await startTestWorker(ledger.connections, (step) => {
    seen.push(step);
    return undefined;
  });
  await order("ordered", "b1");
  const sketches = [
    { key: "branch" },
    { key: "ordered", inputs: ["branch"], wait: {} },
    { key: "plain", inputs: ["branch"], wait: {} },
  ];
  expect(await waitForEnd(ledger.db, await submit(ledger.db, sketches))).toBe("succeeded");
  const ordered = seen.find((step) => step.asset === "ordered");
  expect(ordered?.orders?.orders).toEqual([{ kind: "revoke", batchId: "b1" }]);
  expect(seen.filter((step) => step.asset !== "ordered").map((step) => step.orders)).toEqual([null, null]);
  expect((await readFingerprints("ordered"))[ordersPosition]).toBe(ordered?.orders?.fingerprint);
  expect(Object.keys(await readFingerprints("plain"))).toEqual(["0"]);
});

test("a frozen merge is not executed until it is unfrozen", async () => {
  const place = { environment, asset: parseAssetKey("frozen") };
  await ledger.db.transaction().execute((tx) => freezeMerge(tx, { ...place, ...by }));
  const executed: string[] = [];
  await using _worker = await startTestWorker(ledger.connections, (step) => {
    executed.push(step.asset);
    return undefined;
  });
  const id = await submit(ledger.db, [{ key: "stream" }, { key: "frozen", inputs: ["stream"], wait: {} }]);
  expect(await waitForEnd(ledger.db, id)).toBe("failed");
  expect((await listStepRows(ledger.db, id)).at(-1)).toMatchObject({
    state: "failed",
    failure: { code: "MERGE_FROZEN", message: expect.stringContaining("frozen was frozen by ana") },
  });
  expect(executed).toEqual(["stream"]);
  await ledger.db.transaction().execute((tx) => unfreezeMerge(tx, { ...place, ...by }));
  await retryRun(ledger.db, { id, by: "ana", shapeOf: createShapeCache() });
  expect(await waitForEnd(ledger.db, id)).toBe("succeeded");
  expect(executed).toEqual(["stream", "frozen"]);
});

test("a merge whose rows are found to differ is frozen with the record of the failure", async () => {
  let isWrong = true;
  await using _worker = await startTestWorker(ledger.connections, (step) =>
    isWrong && step.asset === "watched"
      ? failed({ code: "MERGE_SHADOW_MISMATCH", message: "2 keys differ" })
      : undefined,
  );
  const first = await submit(ledger.db, [{ key: "river" }, { key: "watched", inputs: ["river"], wait: {} }]);
  expect(await waitForEnd(ledger.db, first)).toBe("failed");
  isWrong = false;
  await retryRun(ledger.db, { id: first, by: "ana", shapeOf: createShapeCache() });
  expect(await waitForEnd(ledger.db, first)).toBe("failed");
  expect((await listStepRows(ledger.db, first)).at(-1)?.failure).toMatchObject({
    code: "MERGE_FROZEN",
    message: expect.stringContaining("2 keys differ"),
  });
  expect(await countStates(ledger.db, first)).toEqual({ succeeded: 1, failed: 1 });
});
