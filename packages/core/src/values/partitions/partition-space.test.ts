import { describe, expect, it } from "vitest";
import { createPartitionSpace, type PartitionSpace } from "./partition-space.ts";
import type { PartitionsSpec } from "./partitions-spec.ts";

const now = new Date("2024-04-04T09:30:00Z");
const space = (spec: PartitionsSpec | null): PartitionSpace => createPartitionSpace(spec, now);
const keys = (partitions: PartitionSpace): readonly string[] =>
  Array.from({ length: partitions.size }, (_, ordinal) => partitions.keyAt(ordinal));

describe("a space", () => {
  it("that is not partitioned has one partition with the empty key", () => {
    const one = space(null);
    expect([one.size, one.keyAt(0), one.ordinalOf(""), one.ordinalOf("x"), one.windowOf(0)]).toEqual([
      1,
      "",
      0,
      undefined,
      null,
    ]);
  });

  it("of listed keys keeps their order", () => {
    const listed = space({ kind: "listed", keys: ["us", "eu"] });
    expect([keys(listed), listed.ordinalOf("eu"), listed.ordinalOf("asia")]).toEqual([["us", "eu"], 1, undefined]);
  });

  it("of buckets counts from 0 and knows each by one name only", () => {
    const buckets = space({ kind: "buckets", count: 12 });
    expect([
      buckets.size,
      buckets.keyAt(11),
      buckets.ordinalOf("11"),
      buckets.ordinalOf("12"),
      buckets.ordinalOf("01"),
    ]).toEqual([12, "11", 11, undefined, undefined]);
  });

  it("of a product goes through the second dimension first, and has the window of its time", () => {
    const product = space({
      kind: "product",
      first: { kind: "listed", keys: ["eu", "us"] },
      second: { kind: "time", grain: "month", start: "2024-01", end: null, timeZone: "UTC" },
    });
    expect(keys(product)).toEqual(["eu|2024-01", "eu|2024-02", "eu|2024-03", "us|2024-01", "us|2024-02", "us|2024-03"]);
    expect(keys(product).map((key) => product.ordinalOf(key))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(product.windowOf(4)).toEqual({ start: "2024-02-01T00:00:00.000Z", end: "2024-03-01T00:00:00.000Z" });
    expect([product.ordinalOf("eu"), product.ordinalOf("eu|2024-04"), product.ordinalOf("eu|2024-01|x")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("has no partition outside its size", () => {
    expect(() => space({ kind: "buckets", count: 2 }).keyAt(2)).toThrow(RangeError);
    expect(() => space(null).keyAt(-1)).toThrow(RangeError);
  });

  it.each<[string, PartitionsSpec]>([
    ['The partition "eu" is listed twice', { kind: "listed", keys: ["eu", "us", "eu"] }],
    ['"a|b" cannot be the key of a partition', { kind: "listed", keys: ["a|b"] }],
    ['"latest" cannot be the key of a partition', { kind: "listed", keys: ["latest"] }],
    ['"" cannot be the key of a partition', { kind: "listed", keys: [""] }],
    ["0 is not a number of buckets", { kind: "buckets", count: 0 }],
    ["1.5 is not a number of buckets", { kind: "buckets", count: 1.5 }],
  ])("is refused: %s", (message, spec) => {
    expect(() => space(spec)).toThrow(expect.objectContaining({ code: "PARTITION_INVALID", message }));
  });

  it("names a million hours and finds them again", () => {
    const hours = space({ kind: "time", grain: "hour", start: "1910-01-01", end: "2024-04-01", timeZone: "UTC" });
    expect(hours.size).toBeGreaterThan(1_000_000);
    for (let ordinal = 0; ordinal < 1_000_000; ordinal++) {
      if (hours.ordinalOf(hours.keyAt(ordinal)) !== ordinal) throw new Error(`hour ${ordinal} was not found again`);
    }
  });
});
