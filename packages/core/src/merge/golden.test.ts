import { describe, expect, test } from "vitest";
import { goldenBatches, goldenSets, goldenSpec } from "../testing/merge-golden.ts";
import { foldHistory } from "./batch/batch-set.ts";
import { totalFates } from "./fold/fates.ts";

const revoke = (batchId: string) => ({ kind: "revoke", batchId }) as const;

describe("the golden example", () => {
  for (const [name, set] of Object.entries(goldenSets)) {
    test(`${name}: ${set.why}`, () => {
      const deliveries = set.batches.map((batch) => goldenBatches[batch]);
      const orders = set.revoked.map((batch) => revoke(goldenBatches[batch].batchId));
      const merged = foldHistory(goldenSpec, { deliveries, orders });
      expect(merged.rows.map(({ row }) => row)).toEqual(set.rows);
      expect(totalFates(merged.allFates)).toBe(deliveries.reduce((sum, batch) => sum + batch.contributions.length, 0));
    });
  }

  test("tells what became of each contribution", () => {
    const deliveries = Object.values(goldenBatches);
    const { allFates } = foldHistory(goldenSpec, {
      deliveries: [...deliveries, goldenBatches.b1],
      orders: [revoke(goldenBatches.b4.batchId)],
    });
    // b1 wins k1's name, b6 its email and the row, b3 its tier and k2's tombstone, b5 k2; b7 is a tombstone in force.
    expect(allFates).toMatchObject({ winner: 6, masked: 2, superseded: 0, duplicate: 1, revoked: 2, rejected: 0 });
  });
});
