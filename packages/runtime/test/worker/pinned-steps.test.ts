import { parseAssetKey, unpartitioned } from "@watersmeet/core/values";
import { afterAll, beforeAll, expect, test } from "vitest";
import { insertDecision } from "../../src/ledger/decisions.ts";
import { finishPin, insertPins } from "../../src/ledger/versions/head-pins.ts";
import type { ClaimedStep } from "../../src/step/step.ts";
import { createTestLedger, type TestLedger } from "../ledger/test-ledger.ts";
import { committed, failed } from "./test-executor.ts";
import { planOf } from "./test-plans.ts";
import { listAttemptOutcomes, listStepRows, startTestWorker, submit, waitForEnd } from "./test-runs.ts";

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await createTestLedger();
});
afterAll(() => ledger[Symbol.asyncDispose]());

const taken = { environment: "prod", asset: parseAssetKey("taken"), partition: unpartitioned };

/** What a rollback leaves in the ledger when the store has moved the head to its first version. */
async function takeBack(): Promise<void> {
  await ledger.db.transaction().execute(async (tx) => {
    const first = await tx
      .selectFrom("materialization")
      .select(["id", "store", "store_id"])
      .where("asset", "=", taken.asset)
      .orderBy("id")
      .executeTakeFirstOrThrow();
    const decisionId = await insertDecision(tx, { ...taken, kind: "rollback", by: "ana", reason: "wrong file" });
    const { id: materializationId, store, store_id: storeId } = first;
    const pin = { ...taken, decisionId, store, storeId, fromVersion: 2, toVersion: 1, materializationId };
    await insertPins(tx, [pin]);
    await finishPin(tx, pin);
  });
}

test("a step that was claimed before a rollback leaves the pinned version alone when it is tried again, unless it is forced", async () => {
  const sketches = [{ key: "taken" }, { key: "reader", inputs: ["taken"] }];
  const executed: ClaimedStep[] = [];
  let isOvertaken = false;
  await using _worker = await startTestWorker(ledger.connections, async (step) => {
    executed.push(step);
    if (step.asset !== "taken" || !isOvertaken) return committed(step, Number(step.runId));
    isOvertaken = false;
    await takeBack();
    return failed({ class: "transient", code: "STORE_STALE" });
  });
  expect(await waitForEnd(ledger.db, await submit(ledger.db, sketches))).toBe("succeeded");
  isOvertaken = true;
  const overtaken = await submit(ledger.db, sketches);
  expect(await waitForEnd(ledger.db, overtaken)).toBe("succeeded");
  expect((await listStepRows(ledger.db, overtaken)).map(({ state }) => state)).toEqual(["unchanged", "succeeded"]);
  expect(await listAttemptOutcomes(ledger.db, overtaken)).toEqual(["failed", "unchanged", "committed"]);
  expect(executed.map(({ asset }) => asset)).toEqual(["taken", "reader", "taken", "reader"]);
  const read = executed.filter(({ asset }) => asset === "reader").map(({ inputs }) => inputs[0]?.commitId);
  expect(read[1]).toBe(read[0]);
  const forced = await submit(ledger.db, sketches, { plan: planOf(sketches, { force: true }) });
  expect(await waitForEnd(ledger.db, forced)).toBe("succeeded");
  expect((await listStepRows(ledger.db, forced)).map(({ state }) => state)).toEqual(["succeeded", "succeeded"]);
});
