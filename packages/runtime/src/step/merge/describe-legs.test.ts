import { createPartitionSpace, parseAssetKey, unpartitioned, type PartitionsSpec } from "@watersmeet/core/values";
import { expect, test } from "vitest";
import type { InputVersion } from "../step.ts";
import { describeLegs } from "./describe-legs.ts";
import type { BoundBranch } from "./list-deliveries.ts";

const days: PartitionsSpec = { kind: "time", grain: "day", start: "2001-01-01", end: "2001-02-01", timeZone: "UTC" };
const now = new Date("2002-01-01T00:00:00Z");

function branch(name: string, partitions: readonly string[], spec: PartitionsSpec | null = days): BoundBranch {
  const asset = parseAssetKey(name);
  const pinned = partitions.map((partition, index): InputVersion => {
    const key = createPartitionSpace(spec, now).ordinalOf(partition);
    const named = key === undefined ? unpartitioned : createPartitionSpace(spec, now).keyAt(key);
    return {
      position: "0",
      asset,
      partition: named,
      version: index + 1,
      commitId: `${name}${partition}`,
      dataDigest: "d",
    };
  });
  const source = {
    position: "0",
    input: { asset: { key: asset, schema: { columns: [] }, isPartitioned: spec !== null }, versions: [] },
    mapping: { kind: "all" },
    emits: "state",
    partitions: spec,
  } as const;
  return {
    compiled: { name, isHandle: true, columns: [], query: { sql: "", parameters: [], relations: ["input_0"] } },
    reads: [{ table: "input_0", source, pinned, space: createPartitionSpace(spec, now) }],
  };
}

test("a leg tells what it reads, once each, by asset and partition", () => {
  const legs = describeLegs([branch("orders", ["2001-01-02", "2001-01-01"])], { kind: "complete" });
  expect(legs["orders"]?.inputs.map(({ partition }) => partition)).toEqual(["2001-01-01", "2001-01-02"]);
  expect(legs["orders"]).toMatchObject({ isLastGood: false, gaps: [] });
});

test("days of which nothing is there between others are a gap, and those at the end are not", () => {
  const legs = describeLegs([branch("orders", ["2001-01-02", "2001-01-05", "2001-01-06"])], { kind: "complete" });
  expect(legs["orders"]?.gaps).toEqual([{ from: "2001-01-03T00:00:00.000Z", to: "2001-01-05T00:00:00.000Z" }]);
});

test("a leg of which nothing is there is missing, and one that was not waited for is the last good one", () => {
  const decision = { kind: "deadline", missing: ["orders"], allowed: 1_000 } as const;
  const legs = describeLegs([branch("orders", [""], null), branch("customers", [])], decision);
  expect(legs).toMatchObject({ orders: { isLastGood: true }, customers: { isLastGood: false, state: "missing" } });
  expect(legs["orders"]?.state).toBeUndefined();
});
