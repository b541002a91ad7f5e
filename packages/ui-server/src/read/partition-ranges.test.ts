import type { PartitionKey } from "@watersmeet/core/values";
import type { PartitionStatus } from "@watersmeet/runtime";
import fc from "fast-check";
import { expect, test } from "vitest";
import { buildPartitionRanges, buildStatusVector, countStatuses, judgeHealth } from "./partition-ranges.ts";

const statuses = [
  "materialized",
  "stale",
  "missing",
  "failed",
  "running",
] as const satisfies readonly PartitionStatus[];

const states = fc
  .array(fc.constantFrom(...statuses), { maxLength: 60 })
  .map((list) => list.map((status, index) => ({ partition: String(index) as PartitionKey, status })));

test("ranges cover every partition once, in order, and neighbours differ", () => {
  fc.assert(
    fc.property(states, (given) => {
      const ranges = buildPartitionRanges(given);
      const unfolded = ranges.flatMap(({ offset, count, status }) =>
        Array.from({ length: count }, (_, index) => ({ partition: String(offset + index), status })),
      );
      expect(unfolded).toEqual(given);
      for (const [index, range] of ranges.entries()) {
        expect(range.status).not.toBe(ranges[index + 1]?.status);
        expect([range.from, range.to]).toEqual([String(range.offset), String(range.offset + range.count - 1)]);
      }
    }),
  );
});

test("the vector has one letter per partition and agrees with the counts", () => {
  fc.assert(
    fc.property(states, (given) => {
      const vector = buildStatusVector(given);
      expect(vector).toHaveLength(given.length);
      expect(vector.replace(/[^-]/g, "")).toHaveLength(countStatuses(given).missing);
    }),
  );
});

test("one failed partition makes an asset failed, whatever else there is", () => {
  const none = { materialized: 0, stale: 0, missing: 0, failed: 0, running: 0 };
  expect(judgeHealth({ ...none, materialized: 9, failed: 1, running: 3 })).toBe("failed");
  expect(judgeHealth({ ...none, materialized: 9, stale: 1 })).toBe("stale");
  expect(judgeHealth({ ...none, materialized: 9, missing: 1 })).toBe("missing");
  expect(judgeHealth({ ...none, materialized: 9 })).toBe("materialized");
});
