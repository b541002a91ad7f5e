import { expect, test } from "vitest";
import type { AttemptReport } from "../../child/protocol.ts";
import { joinReports, joinRowFailures } from "./join-reports.ts";

const plain: AttemptReport = { facts: {}, promise: null };

test("facts that all slices tell alike stand once, others one by one, and nothing else is made of them", () => {
  const reports = [
    { ...plain, facts: { source: { name: "a" }, rows: 3 } },
    { ...plain, facts: { source: { name: "a" }, rows: 4, only: [1] } },
  ];
  expect(joinReports(reports, "sums")).toEqual({
    facts: { only: [1], rows: [3, 4], source: { name: "a" } },
    promise: null,
  });
});

test("a cursor and a promise are kept when all slices say the same, and refused when they do not", () => {
  const promise = { watermark: "7", isFinished: false };
  const same = { ...plain, checkpoint: null, promise };
  expect(joinReports([same, { ...same }], "sums")).toEqual({ facts: {}, checkpoint: null, promise });
  expect(() => joinReports([same, { ...plain, promise }], "sums")).toThrow("set different cursors");
  expect(() => joinReports([same, { ...same, promise: null }], "sums")).toThrow("promised different things");
});

test("rows that slices refused add up by check, those with most rows first", () => {
  const failure = (id: string, failedRows: number) => ({
    id,
    message: "is refused",
    columns: [],
    failedRows,
    sample: Array.from({ length: Math.min(5, failedRows) }, (_, row) => ({ row })),
  });
  const joined = joinRowFailures([failure("a", 2), failure("b", 4), failure("a", 9)]);
  expect(joined.map(({ id, failedRows, sample }) => [id, failedRows, sample.length])).toEqual([
    ["a", 11, 5],
    ["b", 4, 4],
  ]);
});
