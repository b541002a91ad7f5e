import { expect, test } from "vitest";
import type { CutLeg } from "../cut/cut.ts";
import { settledBefore } from "./settled-before.ts";

const leg = (state: CutLeg["state"]): CutLeg => ({
  branch: "b",
  inputs: [],
  batchSet: "",
  batches: { live: 1, superseded: 0, revoked: 0, held: 0, rejected: 0 },
  epochs: [1],
  state,
  watermark: null,
  gaps: [],
  isLastGood: false,
});
const cut = (watermark: string | null, state: CutLeg["state"] = "active") => ({ watermark, legs: [leg(state)] });

test("what is further behind the least watermark than is kept is settled (M14)", () => {
  expect(settledBefore([cut("9000"), cut("7000")], { keepMs: 2 })).toBe(5000n);
  expect(settledBefore([cut("9000"), cut("infinity")], { keepMs: 2 })).toBe(7000n);
});

test("a tolerance settles whole buckets, below zero too", () => {
  expect(settledBefore([cut("9999")], { keepMs: 0, toleranceUs: 5000 })).toBe(5000n);
  expect(settledBefore([cut("-1")], { keepMs: 0, toleranceUs: 5000 })).toBe(-5000n);
});

test("nothing is settled while one of the cuts knows no watermark, or lacks a branch", () => {
  expect(settledBefore([], { keepMs: 0 })).toBeNull();
  expect(settledBefore([cut("9000"), cut(null)], { keepMs: 0 })).toBeNull();
  expect(settledBefore([cut("9000", "missing")], { keepMs: 0 })).toBeNull();
});

test("when all branches have finished, all of it is settled", () => {
  expect(settledBefore([cut("infinity")], { keepMs: 1 })).toBe(2n ** 63n - 1n);
});
