import { parseAssetKey } from "@watersmeet/core/values";
import { expect, test } from "vitest";
import { readAutomationRows } from "../../src/automation/records/automation-rows.ts";
import { recordEvaluations, type NewEvaluation } from "../../src/automation/records/record-evaluation.ts";
import { listTicks } from "../../src/automation/records/ticks.ts";
import { createTestLedger } from "../ledger/test-ledger.ts";

const name = parseAssetKey("inbox");

function anEvaluation(revision: string | null, dedupeKey: string | null): NewEvaluation {
  const at = new Date("2024-01-10T12:00:00Z");
  return {
    environment: "prod",
    name,
    kind: "sensor",
    definition: "sensor/1",
    revision,
    evaluatedAt: at,
    state: { cursor: { value: dedupeKey } },
    seen: null,
    sequence: null,
    failure: null,
    ticks: [
      {
        instant: at,
        outcome: "requested",
        missedCount: 0,
        message: "1 run asked for",
        requests: [{ select: "orders", partitions: null, force: true, refresh: false, at: null, dedupeKey }],
      },
    ],
  };
}

test("of evaluations that began from the same revision one is recorded, and nothing of the others", async () => {
  await using ledger = await createTestLedger();
  const { db } = ledger;
  const first = await Promise.all(["a", "b", "c"].map((key) => recordEvaluations(db, [anEvaluation(null, key)])));
  expect(first.filter((isRecorded) => isRecorded)).toHaveLength(1);
  const revision = (await readAutomationRows(db, "prod")).get(name)?.revision ?? null;
  expect(await recordEvaluations(db, [anEvaluation(revision, "d")])).toBe(true);
  expect(await recordEvaluations(db, [anEvaluation(revision, "e")])).toBe(false);
  expect(await recordEvaluations(db, [anEvaluation(null, "f")])).toBe(false);
  const { items } = await listTicks(db, { environment: "prod", name }, { limit: 10 });
  expect(items.map(({ requests }) => requests.length)).toEqual([1, 1]);
  expect((await readAutomationRows(db, "prod")).get(name)?.state).toEqual({ cursor: { value: "d" } });
});

test("a key is requested once in all; the tick says what was left out, and everything else of it stays", async () => {
  await using ledger = await createTestLedger();
  const { db } = ledger;
  await recordEvaluations(db, [anEvaluation(null, "a")]);
  await recordEvaluations(db, [anEvaluation("1", "a")]);
  await recordEvaluations(db, [anEvaluation("2", null)]);
  await recordEvaluations(db, [anEvaluation("3", null)]);
  const { items } = await listTicks(db, { environment: "prod", name }, { limit: 10 });
  expect(items.map(({ outcome, requests }) => [outcome, requests.length]).reverse()).toEqual([
    ["requested", 1],
    ["deduplicated", 0],
    ["requested", 1],
    ["requested", 1],
  ]);
  expect(items[2]?.message).toBe('1 run asked for; deduplicated: "a" (requested 2024-01-10T12:00:00.000Z)');
});
