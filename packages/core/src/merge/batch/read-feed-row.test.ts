import { expect, test } from "vitest";
import { goldenEventTime, goldenSpec } from "../../testing/merge-golden.ts";
import { fold } from "../fold/fold.ts";
import { readFeedRow } from "./read-feed-row.ts";
import { sealBatch } from "./seal-batch.ts";

const policy = { ...goldenSpec.policy, operation: "op", sequence: "nr", present: "cols" };

test("a feed's row says what it does, in which order, and what it speaks of", () => {
  const row = { customer: "k1", at: 1, name: null, email: "a@x", op: null, nr: 7, cols: ["name"] };
  expect(readFeedRow(policy, row)).toEqual({
    row,
    present: ["name"],
    operation: "upsert",
    sequence: 7n,
  });
  expect(readFeedRow(policy, { customer: "k1", at: 1, op: "delete" })).toEqual({
    row: { customer: "k1", at: 1, op: "delete" },
    operation: "delete",
    sequence: 0n,
  });
});

test("a cell that is not listed is absent, and a column that tells the time is a cell only when it is listed", () => {
  const dated = { ...policy, eventTime: "tier" };
  const tier = { name: "tier", type: { kind: "integer" }, isNullable: false, nullAs: "null" } as const;
  const columns = goldenSpec.schema.columns.map((column) => (column.name === tier.name ? tier : column));
  const spec = { policy: dated, schema: { columns } };
  const cellsOf = (cols: unknown) => {
    const rows = [readFeedRow(dated, { customer: "k1", tier: 5, name: null, email: "a", cols })];
    const batch = { source: "web", batchKey: "k", generation: 1, schemaVersion: "1", batchSequence: 1n, rows };
    const sealing = sealBatch(spec, tier, batch);
    return sealing.kind === "sealed"
      ? sealing.batch.contributions.map(({ cells, eventTimeUs }) => [cells, eventTimeUs])
      : [];
  };
  expect(cellsOf(["name"])).toEqual([[{ name: null }, 5n]]);
  expect(cellsOf(["tier", "unknown"])).toEqual([[{ tier: 5 }, 5n]]);
  expect(cellsOf([])).toEqual([[{}, 5n]]);
  expect(cellsOf(null)).toEqual([[{ tier: 5, name: null, email: "a" }, 5n]]);
});

test("rows with an unknown operation or a time to come are set aside with the reason", () => {
  const rows = [
    { customer: "k1", at: 1, op: "merge" },
    { customer: "k1", at: 11, op: "upsert" },
    { customer: "k1", at: 10, op: "delete" },
  ].map((row) => readFeedRow(policy, row));
  const spec = { ...goldenSpec, policy };
  const batch = { source: "web", batchKey: "k", generation: 1, schemaVersion: "1", batchSequence: 1n };
  const sealing = sealBatch(spec, goldenEventTime, { ...batch, rows, latestTimeUs: 10n });
  if (sealing.kind !== "sealed") throw new TypeError("ambiguous");
  expect(sealing.batch.rejected.map(({ reason, column }) => `${column}: ${reason}`)).toEqual([
    "op: operationInvalid",
    "at: eventTimeFuture",
  ]);
  expect(fold(spec, sealing.batch.contributions).counts).toMatchObject({ winner: 1 });
});
