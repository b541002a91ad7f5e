import { expect, test } from "vitest";
import type { BatchDto } from "./batch-dto.ts";
import { findBatchIds } from "./find-batches.ts";

function aBatch(id: string): BatchDto {
  return {
    id,
    asset: "airports",
    partition: "",
    branch: "faa",
    batchKey: "k",
    generation: 1,
    epoch: 1,
    digest: "d",
    sequence: "1",
    rowCount: 1,
    duplicateCount: 0,
    rejectedCount: 0,
    outsideCount: 0,
    eventTimes: null,
    cursor: null,
    promise: null,
    origin: null,
    standing: "live",
    lateness: {},
    sealedAt: "2001-01-31T00:00:00Z",
    sinceVersion: 1,
  };
}

const batches = ["3f2a91c0", "3f2a77aa", "b01e4d2c"].map(aBatch);

test("batches are named by their first digits, each once", () => {
  expect(findBatchIds(["3f2a9", "b01e", "3f2a91c0"], batches)).toEqual(["3f2a91c0", "b01e4d2c"]);
});

test("digits that two batches begin with name neither", () => {
  expect(() => findBatchIds(["3f2a"], batches)).toThrow("2 batches begin with 3f2a");
});

test.each(["ffff", "b01", ""])("%j names no batch", (name) => {
  expect(() => findBatchIds([name], batches)).toThrow("There is no batch");
});
