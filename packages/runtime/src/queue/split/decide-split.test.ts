import { expect, test } from "vitest";
import { decideSplit, type MadePartition, type SplitCounts, type SplitHistory } from "./decide-split.ts";

const minute = 60_000;

/** Twenty partitions of 1,000 rows that took a second each. */
const siblings = Array.from({ length: 20 }, (): MadePartition => ({ rowCount: 1_000, tookMs: 1_000 }));
const usual: SplitHistory = { siblings, own: null, plans: [] };
const tookBefore = (tookMs: number, rowCount = 10_000): SplitHistory => ({ ...usual, own: { rowCount, tookMs } });

function decide(history: SplitHistory, rowCount = 10_000): SplitCounts {
  const { parts, wanted } = decideSplit("auto", rowCount, history);
  return { parts, wanted };
}

test.each([
  ["no siblings are known", { ...tookBefore(10 * minute), siblings: siblings.slice(0, 4) }, 1],
  ["it is not five times as large as the median", tookBefore(10 * minute), 1, 5_000],
  ["it takes no longer than a minute", tookBefore(minute), 1],
  ["nothing is known of what it takes, and its siblings are fast", usual, 1],
  ["it takes a little longer than a minute", tookBefore(minute + 1), 2],
  ["it takes seven and a half minutes", tookBefore(7.5 * minute), 8],
  ["it takes days", tookBefore(9_999 * minute), 64],
  ["it took four minutes with half the rows", tookBefore(4 * minute, 5_000), 8],
] as const)("when %s, it is decided by that alone", (_what, history, parts, rowCount?: number) => {
  expect(decide(history, rowCount)).toEqual({ parts, wanted: parts });
});

test("a partition that was never made is expected to take what rows cost its siblings", () => {
  const spread = siblings.map((_, index) => ({ rowCount: 1_000 + index, tookMs: 10 * (1_000 + index) }));
  const decision = decideSplit("auto", 30_000, { ...usual, siblings: spread });
  expect(decision.expectedMs).toBeCloseTo(300_000, -2);
  expect(decision).toMatchObject({ parts: 6, wanted: 6, medianRows: 1_009.5 });
});

test.each([1, 2, 64])("what the asset asks for is done, %i", (parts) => {
  const decision = { parts, wanted: parts, medianRows: null, expectedMs: null };
  expect(decideSplit(parts, 10, { ...tookBefore(30 * minute), plans: [{ parts: 8, wanted: 8 }] })).toEqual(decision);
});

const plan = (parts: number, wanted: number): SplitCounts => ({ parts, wanted });

test.each([
  ["the first time, at once", 30, [], 30],
  ["one run that wants more changes nothing", 30, [plan(4, 4)], 4],
  ["nor do two", 30, [plan(4, 30), plan(4, 4)], 4],
  ["three runs do, by twice as many at the most", 30, [plan(4, 30), plan(4, 30)], 8],
  ["as many as all three want", 7, [plan(4, 5), plan(4, 30)], 5],
  ["runs that do not agree change nothing", 30, [plan(4, 2), plan(4, 30)], 4],
  ["three runs that want fewer take it down by half at the most", 2, [plan(16, 2), plan(16, 2)], 8],
  ["to as few as all three want", 9, [plan(16, 14), plan(16, 2)], 14],
  ["and in the end to one piece", 1, [plan(2, 1), plan(2, 1)], 1],
  ["from where it grows again by and by", 30, [plan(1, 30), plan(1, 30)], 2],
] as const)("%s", (_what, wanted, plans, parts) => {
  const history = { ...(wanted === 1 ? usual : tookBefore(wanted * minute)), plans };
  // One slice is none: what takes a minute is left as it is.
  expect(decide(history)).toEqual({ parts, wanted });
});
