import type { AssetKey, Json, PartitionKey } from "@watersmeet/core/values";
import type { RunId, StepRecord } from "@watersmeet/runtime";
import { expect, test } from "vitest";
import { groupFailures } from "./run-summary.ts";

function failedStep(partition: string, failure: Json): StepRecord {
  return {
    runId: "r1" as RunId,
    ordinal: Number(partition),
    asset: "orders" as AssetKey,
    partition: partition as PartitionKey,
    state: "blocked",
    reason: { kind: "missing" },
    attempt: 1,
    startedAt: null,
    finishedAt: null,
    notBefore: null,
    workerId: null,
    progress: null,
    failure,
    materializationId: null,
    rowCount: null,
  };
}

const gate = {
  class: "data",
  code: "GATE_FAILED",
  message: "1 row has amount < 0",
  hint: "Mend the source",
  details: { failures: [{ id: "range:amount", sample: [{ id: 1, amount: -3 }] }] },
};

test("partitions that failed in the same way are one entry with one sample", () => {
  expect(groupFailures([failedStep("1", gate), failedStep("2", gate)])).toEqual([
    {
      asset: "orders",
      state: "blocked",
      partitions: ["1", "2"],
      class: "data",
      code: "GATE_FAILED",
      message: "1 row has amount < 0",
      hint: "Mend the source",
      sampleRows: [{ id: 1, amount: -3 }],
    },
  ]);
});

test("another check is another entry, another count of rows is not", () => {
  const other = { ...gate, details: { failures: [{ id: "notNull:id", sample: [] }] } };
  const more = { ...gate, message: "orders@2: 7 rows have amount < 0" };
  expect(groupFailures([failedStep("1", gate), failedStep("2", other), failedStep("3", more)])).toHaveLength(2);
});

test("messages that differ in nothing but the partition are one entry", () => {
  const thrown = (partition: string) =>
    failedStep(partition, { code: "USER_CODE_THREW", message: `orders@${partition}: no such file` });
  expect(groupFailures([thrown("1"), thrown("2")])).toMatchObject([{ partitions: ["1", "2"] }]);
});

test("a failure that left no reason is shown all the same", () => {
  expect(groupFailures([failedStep("1", null)])).toMatchObject([{ code: "INTERNAL", sampleRows: [] }]);
});
