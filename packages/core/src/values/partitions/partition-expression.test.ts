import { describe, expect, it } from "vitest";
import { parseAssetKey } from "../asset-key.ts";
import { describeTermFault, findTerm, parsePartitionExpression } from "./partition-expression.ts";
import { createPartitionSpace, type PartitionSpace } from "./partition-space.ts";
import type { PartitionsSpec, TimeGrain } from "./partitions-spec.ts";

const now = new Date("2024-04-04T09:30:00Z");
const space = (spec: PartitionsSpec | null): PartitionSpace => createPartitionSpace(spec, now);
const time = (grain: TimeGrain, start: string, timeZone = "UTC"): PartitionsSpec => ({
  kind: "time",
  grain,
  start,
  end: null,
  timeZone,
});
const daily = space(time("day", "2024-01-01"));
const regions = space({ kind: "listed", keys: ["eu", "us", "asia"] });
const product = space({
  kind: "product",
  first: { kind: "time", grain: "day", start: "2024-03-30", end: null, timeZone: "UTC" },
  second: { kind: "listed", keys: ["eu", "us"] },
});

/** The keys that a term names. */
function find(term: string, partitions: PartitionSpace): readonly string[] | "outside" | "foreign" {
  const meaning = findTerm(term, partitions);
  if (meaning.kind !== "found") return meaning.kind;
  return meaning.ranges.flatMap(([from, to]) =>
    Array.from({ length: to - from }, (_, index) => partitions.keyAt(from + index)),
  );
}

describe("a partition expression", () => {
  it("separates words from terms", () => {
    expect(parsePartitionExpression("failed, 2024-01-01 ,missing,eu")).toEqual({
      text: "failed, 2024-01-01 ,missing,eu",
      words: ["failed", "missing"],
      terms: ["2024-01-01", "eu"],
    });
  });

  it("is refused when a term is empty", () => {
    expect(() => parsePartitionExpression("eu,,us")).toThrow(expect.objectContaining({ code: "PARTITION_INVALID" }));
    expect(() => parsePartitionExpression("")).toThrow(expect.objectContaining({ code: "PARTITION_INVALID" }));
  });
});

describe("a term", () => {
  it("is a key", () => {
    expect(find("2024-02-29", daily)).toEqual(["2024-02-29"]);
    expect(find("us", regions)).toEqual(["us"]);
    expect(find("2024-03-31|us", product)).toEqual(["2024-03-31|us"]);
  });

  it("is a range with both its ends", () => {
    expect(find("2024-02-28..2024-03-01", daily)).toEqual(["2024-02-28", "2024-02-29", "2024-03-01"]);
    expect(find("us..asia", regions)).toEqual(["us", "asia"]);
    expect(find("2024-03-30..2024-03-31|eu", product)).toEqual(["2024-03-30|eu", "2024-03-31|eu"]);
  });

  it("in time is whatever overlaps a month, a day or an hour", () => {
    expect(find("2024-02", daily)).toHaveLength(29);
    expect(find("2024-01-17", space(time("week", "2024-01-01")))).toEqual(["2024-01-15"]);
    expect(find("2024-01-31..2024-02-01", space(time("month", "2024-01")))).toEqual(["2024-01", "2024-02"]);
    expect(find("2024-03-31", space(time("hour", "2024-03-30", "Europe/Berlin")))).toHaveLength(23);
    expect(find("2024-03-31T05:00Z", daily)).toEqual(["2024-03-31"]);
  });

  it("is all, or the latest", () => {
    expect(find("all", regions)).toEqual(["eu", "us", "asia"]);
    expect(find("latest", daily)).toEqual(["2024-04-03"]);
    expect(find("latest", regions)).toEqual(["asia"]);
    expect(find("latest", product)).toEqual(["2024-04-03|eu", "2024-04-03|us"]);
    expect(find("latest", space(null))).toEqual([""]);
  });

  it("of a product leaves a dimension whole with * or by not naming it", () => {
    expect(find("*|us", product)).toHaveLength(5);
    expect(find("us", product)).toHaveLength(5);
    expect(find("2024-03-30|*", product)).toEqual(["2024-03-30|eu", "2024-03-30|us"]);
    expect(find("2024-03-30", product)).toEqual(["2024-03-30|eu", "2024-03-30|us"]);
  });

  it("outside the space is told from a term that no partition could have", () => {
    expect(find("2023-12-31", daily)).toBe("outside");
    expect(find("2024-04-04", daily)).toBe("outside");
    expect(find("latest", space(time("day", "2030-01-01")))).toBe("outside");
    for (const term of ["eu", "2024-02-30", "2024-13", "2024-02-02..2024-02-01", "2024-01-01..", "1..2..3"])
      expect(find(term, daily)).toBe("foreign");
    expect(find("mars", regions)).toBe("foreign");
    expect(find("asia..eu", regions)).toBe("outside");
    expect(find("2024-03-30|mars", product)).toBe("foreign");
  });

  it("tells when a range reaches beyond the space", () => {
    expect(findTerm("2023-12-25..2024-01-02", daily)).toEqual({ kind: "found", ranges: [[0, 2]], isCut: true });
  });

  it("that is wrong is explained with the asset and what would be right", () => {
    const asset = parseAssetKey("flights");
    const fault = (term: string, partitions: PartitionSpace): readonly (string | undefined)[] => {
      const { code, message, hint } = describeTermFault({ asset, term, space: partitions });
      return [code, message, hint];
    };
    expect(fault("2024-13", daily)).toEqual([
      "PARTITION_INVALID",
      '"2024-13" names no partition of flights',
      "flights has 94 partitions, 2024-01-01 to 2024-04-03; try 2024-01-01, 2024-01-01..2024-01-07, latest, all",
    ]);
    expect(fault("2023-01-01", daily)[1]).toBe('"2023-01-01" lies outside the partitions of flights');
    expect(fault("eu", space(null))[2]).toBe("flights has no partitions; try all");
    expect(fault("2024-01-01", space(time("day", "2030-01-01")))[2]).toBe("flights has no partitions yet.");
  });
});
