import { parseAssetKey, type PartitionKey } from "@watersmeet/core/values";
import { expect, test } from "vitest";
import { findOutliers, type AssetSpread } from "./find-outliers.ts";

const usual: AssetSpread = {
  asset: parseAssetKey("orders"),
  stepCount: 30,
  endedCount: 28,
  doneCount: 28,
  medianMs: 4_000,
  medianRows: 1_000,
  running: [],
  largest: [],
};
const partition = "2026-01-02" as PartitionKey;
const running = (elapsedMs: number) => [{ partition, elapsedMs }];

test("a step that runs three times as long as its siblings took is a straggler, once half of them have ended", () => {
  expect(findOutliers([{ ...usual, running: running(13_000) }])).toEqual([
    { kind: "straggler", asset: "orders", partition, elapsedMs: 13_000, medianMs: 4_000 },
  ]);
  expect(findOutliers([{ ...usual, running: running(11_000) }])).toEqual([]);
  expect(findOutliers([{ ...usual, endedCount: 14, running: running(13_000) }])).toEqual([]);
  expect(findOutliers([{ ...usual, doneCount: 4, running: running(13_000) }])).toEqual([]);
  expect(findOutliers([{ ...usual, medianMs: 1, running: running(4_000) }])).toEqual([]);
});

test("a partition with five times the rows is skewed when it takes long, too", () => {
  const largest = (rowCount: number, tookMs: number) => [{ partition, rowCount, tookMs }];
  expect(findOutliers([{ ...usual, largest: largest(9_000, 90_000) }])).toEqual([
    { kind: "skewed", asset: "orders", partition, rowCount: 9_000, medianRows: 1_000, tookMs: 90_000 },
  ]);
  expect(findOutliers([{ ...usual, largest: largest(9_000, 30_000) }])).toEqual([]);
  expect(findOutliers([{ ...usual, largest: largest(4_000, 90_000) }])).toEqual([]);
});
