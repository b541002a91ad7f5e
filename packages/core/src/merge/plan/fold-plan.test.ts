import { describe, expect, test } from "vitest";
import { historyColumns } from "../../testing/merge-history-columns.ts";
import type { MergeSpec } from "../contribution/contribution.ts";
import type { MergePolicy } from "../policy.ts";
import { planFold, type FoldBatch } from "./fold-plan.ts";

const columns = ["name", 'sc"ore', "seen", "amount", "order", "flag", "day", "note", "visits", "tags"];

const specOf = (policy: Partial<MergePolicy>): MergeSpec => ({
  policy: { key: ["id", "part"], rows: "recencyFirst", columns: {}, trust: { t: 1 }, eventTime: "at", ...policy },
  schema: { columns: historyColumns },
});

const batchOf = (number: number, source: string, more: Partial<FoldBatch> = {}): FoldBatch => ({
  number,
  source,
  batchSequence: 1n,
  columns,
  hasRowPresence: false,
  eventTimes: { least: 7n, greatest: 27n },
  sequences: { least: 0n, greatest: 0n },
  greatestOrdinal: 0n,
  hasDeletes: false,
  hasRetracts: false,
  ...more,
});
const batches = [batchOf(1, "s"), batchOf(2, "t")];
const namesOf = (some: readonly { readonly name: string }[]) => some.map(({ name }) => name);

describe("a fold plan", () => {
  test("puts columns together that come from the same contribution, and works out the others one by one", () => {
    const policy = {
      name: "first",
      seen: "first",
      amount: "sum",
      order: "count",
      tags: "setUnion",
      day: "priorityFirst",
    } as const;
    const plan = planFold(specOf({ columns: policy }), batches);
    expect(plan.groups.map(({ columns, picks, order }) => [namesOf(columns), picks, order])).toEqual([
      [['sc"ore', "flag", "visits"], "greatest", 0],
      [["name", "seen"], "least", 0],
      [["day"], "greatest", 1],
      [["note"], "greatest", 0],
    ]);
    expect(plan.aggregates.map(({ column, policy, order }) => [column.name, policy, order])).toEqual([
      ["amount", "sum", 0],
      ["order", "count", 0],
      ["tags", "setUnion", 0],
    ]);
    expect(plan.orders.map(({ order }) => order)).toEqual(["recencyFirst", "priorityFirst"]);
  });

  test("knows what no batch carries: nothing, or none", () => {
    const few = batches.map((batch) => ({ ...batch, columns: ["name"] }));
    const plan = planFold(specOf({ columns: { visits: "count", order: "sum" } }), few);
    expect(namesOf(plan.uncounted)).toEqual(["visits"]);
    expect(namesOf(plan.unset)).toEqual(columns.filter((name) => name !== "name" && name !== "visits"));
    expect(plan.aggregates).toEqual([]);
  });

  test("has a custom column as if it were recency first, and says so", () => {
    const plan = planFold(specOf({ columns: { name: "custom" } }), batches);
    expect(namesOf(plan.custom)).toEqual(["name"]);
    expect(plan.groups[0].columns.map(({ name }) => name)).toContain("name");
  });

  test("asks for equal contributions to be counted once where two batches may have them", () => {
    const twice = [batchOf(1, "s"), batchOf(2, "s")];
    const counts = (policy: MergePolicy["columns"], some: readonly FoldBatch[]) =>
      planFold(specOf({ columns: policy }), some).countsEqualOnce;
    expect([
      counts({ visits: "sum" }, twice),
      counts({ visits: "max" }, twice),
      counts({ visits: "sum" }, batches),
    ]).toEqual([true, false, false]);
  });

  test.each(["unionAll", "keepConflicts"] as const)(
    "of whole rows has one group, whatever the batches carry: %s",
    (rows) => {
      const plan = planFold(specOf({ rows }), [
        batchOf(1, "s", { hasRowPresence: true }),
        batchOf(2, "t", { columns: ["note"] }),
      ]);
      expect(plan).toMatchObject({ rows, aggregates: [], isUnionDistinct: false });
      expect(plan.groups.map(({ columns, presence }) => [namesOf(columns), presence])).toEqual([
        [columns, { batches: null, bit: null, isNullAbsent: false }],
      ]);
    },
  );
});

describe("a tolerance in a packed order", () => {
  test("has buckets that begin at a multiple of it, and the rest of the time after the rank", () => {
    const [order] = planFold(specOf({ toleranceUs: 5 }), batches).orders;
    // 5 buckets from 5 to 30 and undated, 2 ranks, 5 places in a bucket, 2 lanes
    expect(order).toMatchObject({ eventTime: null, size: 6n * 2n * 5n * 2n, stratumSize: 10n });
    expect(order.bucket).toEqual({ least: 5n, widthUs: 5n, bucketWeight: 20n, restWeight: 2n });
  });

  test("is left out where it changes nothing", () => {
    const bucketOf = (policy: Partial<MergePolicy>, some = batches) =>
      planFold(specOf({ toleranceUs: 5, ...policy }), some).orders[0].bucket;
    expect(bucketOf({ rows: "priorityFirst" })).toBeNull();
    expect(bucketOf({ trust: {} })).toBeNull();
    expect(
      bucketOf(
        {},
        batches.map((batch) => ({ ...batch, eventTimes: null })),
      ),
    ).toBeNull();
    expect(bucketOf({ trust: {}, rows: "keepConflicts" })).not.toBeNull();
  });
});

test("a plan of no batches can be divided by its sizes", () => {
  const [order] = planFold(specOf({ rows: "keepConflicts" }), []).orders;
  expect(order).toMatchObject({ size: 1n, stratumSize: 1n });
});
