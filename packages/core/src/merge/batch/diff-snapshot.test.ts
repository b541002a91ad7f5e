import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { goldenEventTime, goldenSpec } from "../../testing/merge-golden.ts";
import type { MergeSpec } from "../contribution/contribution.ts";
import { fold } from "../fold/fold.ts";
import { diffSnapshot } from "./diff-snapshot.ts";
import { sealBatch, type DeliveredRow, type SealedBatch } from "./seal-batch.ts";

const spec: MergeSpec = { ...goldenSpec, policy: { ...goldenSpec.policy, columns: {} } };

function sealSnapshot(sequence: number, rows: readonly DeliveredRow["row"][]): SealedBatch {
  const sealing = sealBatch(spec, goldenEventTime, {
    source: "web",
    batchKey: `web-${sequence}`,
    generation: 1,
    schemaVersion: "1",
    batchSequence: BigInt(sequence),
    rows: rows.map((row) => ({ row })),
  });
  if (sealing.kind !== "sealed") throw new TypeError("ambiguous");
  return sealing.batch;
}

function diff(chain: readonly SealedBatch[], snapshot: SealedBatch): SealedBatch {
  const difference = diffSnapshot(spec, { chain, snapshot, shrinkPerMille: 1_000 });
  if (difference.kind !== "difference") throw new TypeError("shrank");
  return difference.batch;
}

const describeBatch = ({ contributions }: SealedBatch) =>
  contributions.map(({ operation, key, eventTimeUs }) => `${operation} ${String(key["customer"])} at ${eventTimeUs}`);

describe("the difference of snapshots", () => {
  test("has new and changed rows as upserts, and absent ones as retracts at the time that they had", () => {
    const first = sealSnapshot(1, [
      { customer: "stays", at: 1, name: "a" },
      { customer: "changes", at: 1, name: "a" },
      { customer: "goes", at: 7, name: "a" },
    ]);
    const second = sealSnapshot(2, [
      { customer: "stays", at: 1, name: "a" },
      { customer: "changes", at: 2, name: "b" },
      { customer: "comes", at: 3, name: "a" },
    ]);
    const difference = diff([first], second);
    expect(describeBatch(difference)).toEqual(["upsert changes at 2", "upsert comes at 3", "retract goes at 7"]);
    expect(difference).toMatchObject({ batchId: second.batchId, baseBatchId: first.batchId });
    expect(describeBatch(diff([first, difference], sealSnapshot(3, [{ customer: "goes", at: 7, name: "a" }])))).toEqual(
      ["upsert goes at 7", "retract stays at 1", "retract changes at 2", "retract comes at 3"],
    );
  });

  test("the first has all rows, and no base", () => {
    const first = sealSnapshot(1, [{ customer: "a", at: 1 }]);
    expect(diff([], first)).toEqual(first);
  });

  test("retracts at the greatest time that a source has given a key, though its times went back", () => {
    const first = sealSnapshot(1, [
      { customer: "a", at: 9, name: "x" },
      { customer: "b", at: 1 },
    ]);
    const second = diff(
      [first],
      sealSnapshot(2, [
        { customer: "a", at: 3, name: "y" },
        { customer: "b", at: 1 },
      ]),
    );
    const third = diff([first, second], sealSnapshot(3, [{ customer: "b", at: 1 }]));
    expect(describeBatch(third)).toEqual(["retract a at 9"]);
    const rows = fold(
      spec,
      [first, second, third].flatMap(({ contributions }) => contributions),
    ).rows;
    expect(rows.map(({ row }) => row["customer"])).toEqual(["b"]);
  });

  test("retracts a key once, and does not count what is gone already as a row", () => {
    const first = sealSnapshot(1, [
      { customer: "a", at: 1 },
      { customer: "b", at: 1 },
    ]);
    const second = diff([first], sealSnapshot(2, [{ customer: "b", at: 1 }]));
    expect(describeBatch(diff([first, second], sealSnapshot(3, [{ customer: "b", at: 1 }])))).toEqual([]);
    expect(diffSnapshot(spec, { chain: [first, second], snapshot: sealSnapshot(3, []), shrinkPerMille: 0 })).toEqual({
      kind: "shrank",
      baseRows: 1,
      absentRows: 1,
    });
  });

  test("does not retract a key whose row was rejected", () => {
    const first = sealSnapshot(1, [{ customer: "a", at: 1 }]);
    const second = sealSnapshot(2, [{ customer: "a", at: null }]);
    expect(second.rejected).toHaveLength(1);
    expect(diff([first], second).contributions).toEqual([]);
  });

  test("is none when more than the allowed part of the rows is gone", () => {
    const first = sealSnapshot(1, [
      { customer: "a", at: 1 },
      { customer: "b", at: 1 },
      { customer: "c", at: 1 },
    ]);
    const second = sealSnapshot(2, [
      { customer: "a", at: 1 },
      { customer: "d", at: 1 },
    ]);
    const attempt = (shrinkPerMille: number) =>
      diffSnapshot(spec, { chain: [first], snapshot: second, shrinkPerMille });
    expect(attempt(666)).toEqual({ kind: "shrank", baseRows: 3, absentRows: 2 });
    expect(attempt(667)).toMatchObject({ kind: "difference" });
    expect(diffSnapshot(spec, { chain: [first], snapshot: sealSnapshot(2, []), shrinkPerMille: 999 })).toMatchObject({
      kind: "shrank",
    });
  });

  test("together come to what the last snapshot alone comes to, beside other sources", () => {
    const rows = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.constantFrom("x", "y", null));
    const other = sealBatch(spec, goldenEventTime, {
      source: "crm",
      batchKey: "crm",
      generation: 1,
      schemaVersion: "1",
      batchSequence: 1n,
      rows: ["a", "b"].map((customer) => ({ row: { customer, at: 0, email: "crm", tier: "gold" } })),
    });
    if (other.kind !== "sealed") throw new TypeError("ambiguous");
    fc.assert(
      fc.property(fc.array(rows, { minLength: 1, maxLength: 6 }), (snapshots) => {
        // A source's times do not go back: what changed, or came back, is of the snapshot that shows it.
        const changedAt = new Map<string, number>();
        const sealed = snapshots.map((snapshot, index) => {
          const before = snapshots[index - 1] ?? {};
          return sealSnapshot(
            index + 1,
            Object.entries(snapshot).map(([customer, name]) => {
              if (!Object.hasOwn(before, customer) || before[customer] !== name) changedAt.set(customer, index + 1);
              return { customer, name, at: changedAt.get(customer) ?? 0 };
            }),
          );
        });
        const chain = sealed.reduce<readonly SealedBatch[]>((all, one) => [...all, diff(all, one)], []);
        const fromAll = [...chain, other.batch].flatMap(({ contributions }) => contributions);
        const last = sealed.at(-1)?.contributions ?? [];
        const rowsOf = (contributions: typeof fromAll) => fold(spec, contributions).rows.map(({ row }) => row);
        expect(rowsOf(fromAll)).toEqual(rowsOf([...last, ...other.batch.contributions]));
      }),
      { numRuns: 100, seed: 1 },
    );
  });
});
