import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mappings, now, specs } from "../../../test/plan/random-projects.ts";
import { normalizeRanges, type OrdinalRange } from "../ordinal-ranges.ts";
import { createMapping, findMappingFault, type PartitionMapping } from "./partition-mapping.ts";
import { createPartitionSpace, type PartitionSpace } from "./partition-space.ts";
import type { MappingSpec, PartitionsSpec, TimeGrain } from "./partitions-spec.ts";

const spaces = specs.map((spec) => createPartitionSpace(spec, now));
const anySpace = fc.constantFrom(...spaces);
const anyMapping = fc.constantFrom(...mappings);

/** What each downstream partition reads, one by one. */
function listReads(mapping: PartitionMapping, downstream: PartitionSpace): readonly ReadonlySet<number>[] {
  return Array.from({ length: downstream.size }, (_, ordinal) => members(mapping.toUpstream([ordinal, ordinal + 1])));
}

function members(ranges: readonly OrdinalRange[]): ReadonlySet<number> {
  return new Set(ranges.flatMap(([from, to]) => Array.from({ length: to - from }, (_, index) => from + index)));
}

function toRanges(ordinals: Iterable<number>): readonly OrdinalRange[] {
  return normalizeRanges([...ordinals].map((ordinal): OrdinalRange => [ordinal, ordinal + 1]));
}

describe("a mapping", () => {
  it("leads back: the readers of a range are those that read any of it, for every kind and pair of spaces", () => {
    for (const mapping of mappings) {
      for (const downstream of spaces) {
        for (const upstream of spaces) {
          if (findMappingFault({ mapping, downstream, upstream }) !== undefined) continue;
          const compiled = createMapping({ mapping, downstream, upstream });
          const reads = listReads(compiled, downstream);
          const readers: number[][] = Array.from({ length: upstream.size }, () => []);
          for (const [reader, read] of reads.entries()) for (const ordinal of read) readers[ordinal]?.push(reader);
          const inverse = readers.map((_, ordinal) => compiled.toDownstream([ordinal, ordinal + 1]));
          expect({ mapping, down: downstream.spec, up: upstream.spec, inverse }).toEqual({
            mapping,
            down: downstream.spec,
            up: upstream.spec,
            inverse: readers.map(toRanges),
          });
        }
      }
    }
  });

  it("reads of a range what its members read, and finds for a range the readers of its members", () => {
    fc.assert(
      fc.property(
        fc.record({ mapping: anyMapping, downstream: anySpace, upstream: anySpace }),
        fc.nat(),
        fc.nat(),
        ({ mapping, downstream, upstream }, a, b) => {
          if (findMappingFault({ mapping, downstream, upstream }) !== undefined) return;
          const compiled = createMapping({ mapping, downstream, upstream });
          const down = rangeWithin(downstream.size, a, b);
          const up = rangeWithin(upstream.size, a, b);
          const one = (ordinal: number): OrdinalRange => [ordinal, ordinal + 1];
          expect(compiled.toUpstream(down)).toEqual(
            normalizeRanges([...members([down])].flatMap((ordinal) => compiled.toUpstream(one(ordinal)))),
          );
          expect(compiled.toDownstream(up)).toEqual(
            normalizeRanges([...members([up])].flatMap((ordinal) => compiled.toDownstream(one(ordinal)))),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("of time reads exactly the windows that overlap, by the definition, whatever grain, start and zone", () => {
    const times = spaces.filter((space) => space.spec?.kind === "time");
    for (const downstream of times) {
      for (const upstream of times) {
        const reads = listReads(createMapping({ mapping: { kind: "same" }, downstream, upstream }), downstream);
        const upstreamWindows = listWindows(upstream);
        const expected = listWindows(downstream).map(
          ([start, end]) =>
            new Set(upstreamWindows.flatMap(([from, to], ordinal) => (from < end && start < to ? [ordinal] : []))),
        );
        expect(reads).toEqual(expected);
      }
    }
  });
});

function rangeWithin(size: number, a: number, b: number): OrdinalRange {
  const [from, to] = [a % (size + 1), b % (size + 1)];
  return from <= to ? [from, to] : [to, from];
}

function listWindows(space: PartitionSpace): readonly (readonly [number, number])[] {
  return Array.from({ length: space.size }, (_, ordinal) => {
    const window = space.windowOf(ordinal);
    return [Date.parse(window?.start ?? ""), Date.parse(window?.end ?? "")] as const;
  });
}

const time = (grain: TimeGrain, start: string, end: string | null = "2024-07-01"): PartitionsSpec => ({
  kind: "time",
  grain,
  start,
  end,
  timeZone: "UTC",
});
const regions: PartitionsSpec = { kind: "listed", keys: ["eu", "us"] };
const product = (first: PartitionsSpec, second: PartitionsSpec): PartitionsSpec => {
  if (first.kind === "product" || second.kind === "product") throw new Error("no product of products");
  return { kind: "product", first, second };
};

interface Case {
  readonly mapping: MappingSpec;
  readonly down: PartitionsSpec | null;
  readonly up: PartitionsSpec | null;
}

/** What a partition reads, by key. */
function reads({ mapping, down, up }: Case, key: string): readonly string[] {
  const downstream = createPartitionSpace(down, now);
  const upstream = createPartitionSpace(up, now);
  const ordinal = downstream.ordinalOf(key) ?? Number.NaN;
  const found = createMapping({ mapping, downstream, upstream }).toUpstream([ordinal, ordinal + 1]);
  return [...members(found)].map((one) => upstream.keyAt(one));
}

describe("what is read", () => {
  const daily = time("day", "2024-01-01");

  it("of a coarser or finer grain is what overlaps", () => {
    expect(reads({ mapping: { kind: "same" }, down: daily, up: time("month", "2024-01") }, "2024-02-29")).toEqual([
      "2024-02",
    ]);
    expect(reads({ mapping: { kind: "same" }, down: time("month", "2024-01"), up: daily }, "2024-02")).toHaveLength(29);
    expect(
      reads({ mapping: { kind: "same" }, down: daily, up: time("hour", "2024-01-01") }, "2024-02-29"),
    ).toHaveLength(24);
    expect(
      reads({ mapping: { kind: "same" }, down: time("month", "2024-01"), up: time("week", "2024-01-01") }, "2024-02"),
    ).toEqual(["2024-01-29", "2024-02-05", "2024-02-12", "2024-02-19", "2024-02-26"]);
  });

  it("by last counts back from the same window, and at the start reads what exists", () => {
    const last: MappingSpec = { kind: "last", count: 3 };
    expect(reads({ mapping: last, down: daily, up: daily }, "2024-03-01")).toEqual([
      "2024-02-28",
      "2024-02-29",
      "2024-03-01",
    ]);
    expect(reads({ mapping: last, down: daily, up: daily }, "2024-01-02")).toEqual(["2024-01-01", "2024-01-02"]);
    expect(reads({ mapping: last, down: time("month", "2024-01"), up: daily }, "2024-02")).toEqual([
      "2024-02-27",
      "2024-02-28",
      "2024-02-29",
    ]);
    expect(reads({ mapping: last, down: null, up: daily }, "")).toEqual(["2024-06-28", "2024-06-29", "2024-06-30"]);
  });

  it("by offset is moved, and absent beyond the ends", () => {
    const before: MappingSpec = { kind: "offset", by: -1 };
    expect(reads({ mapping: before, down: daily, up: daily }, "2024-03-01")).toEqual(["2024-02-29"]);
    expect(reads({ mapping: before, down: daily, up: daily }, "2024-01-01")).toEqual([]);
    expect(reads({ mapping: { kind: "offset", by: 1 }, down: daily, up: daily }, "2024-06-30")).toEqual([]);
    expect(reads({ mapping: before, down: daily, up: time("month", "2024-01") }, "2024-03-31")).toEqual(["2024-02"]);
  });

  it("by latest is the greatest that exists", () => {
    expect(
      reads({ mapping: { kind: "latest" }, down: daily, up: time("day", "2024-03-01", null) }, "2024-01-01"),
    ).toEqual(["2024-04-03"]);
    expect(reads({ mapping: { kind: "latest" }, down: null, up: product(daily, regions) }, "")).toEqual([
      "2024-06-30|eu",
      "2024-06-30|us",
    ]);
    expect(reads({ mapping: { kind: "latest" }, down: regions, up: product(daily, regions) }, "us")).toEqual([
      "2024-06-30|us",
    ]);
  });

  it("of something not partitioned is the one, and by something not partitioned is all", () => {
    expect(reads({ mapping: { kind: "same" }, down: daily, up: null }, "2024-03-01")).toEqual([""]);
    expect(reads({ mapping: { kind: "same" }, down: null, up: regions }, "")).toEqual(["eu", "us"]);
  });

  it("of products goes dimension by dimension, in whichever order they stand", () => {
    const same: MappingSpec = { kind: "same" };
    expect(
      reads({ mapping: same, down: product(daily, regions), up: product(regions, daily) }, "2024-03-01|us"),
    ).toEqual(["us|2024-03-01"]);
    expect(reads({ mapping: same, down: product(daily, regions), up: daily }, "2024-03-01|us")).toEqual(["2024-03-01"]);
    expect(reads({ mapping: same, down: product(daily, regions), up: regions }, "2024-03-01|us")).toEqual(["us"]);
    expect(reads({ mapping: same, down: daily, up: product(daily, regions) }, "2024-03-01")).toEqual([
      "2024-03-01|eu",
      "2024-03-01|us",
    ]);
    expect(
      reads(
        { mapping: { kind: "last", count: 2 }, down: product(daily, regions), up: product(daily, regions) },
        "2024-03-01|us",
      ),
    ).toEqual(["2024-02-29|us", "2024-03-01|us"]);
  });

  it("of a product of alike dimensions keeps them apart", () => {
    const pairs = product(regions, { kind: "listed", keys: ["us", "eu", "asia"] });
    expect(reads({ mapping: { kind: "same" }, down: pairs, up: product(regions, regions) }, "eu|us")).toEqual([
      "eu|us",
    ]);
    expect(reads({ mapping: { kind: "same" }, down: pairs, up: product(regions, regions) }, "eu|asia")).toEqual([]);
  });

  it("of listed keys is the one with the same key", () => {
    expect(
      reads({ mapping: { kind: "same" }, down: regions, up: { kind: "listed", keys: ["asia", "us"] } }, "us"),
    ).toEqual(["us"]);
    expect(
      reads({ mapping: { kind: "same" }, down: regions, up: { kind: "listed", keys: ["asia", "us"] } }, "eu"),
    ).toEqual([]);
  });
});

describe("spaces that do not fit together", () => {
  const daily = time("day", "2024-01-01");
  it.each<[string, Case]>([
    ["listed and time", { mapping: { kind: "same" }, down: regions, up: daily }],
    [
      "different buckets",
      { mapping: { kind: "same" }, down: { kind: "buckets", count: 2 }, up: { kind: "buckets", count: 3 } },
    ],
    ["no key in common", { mapping: { kind: "same" }, down: regions, up: { kind: "listed", keys: ["asia"] } }],
    ["last of listed keys", { mapping: { kind: "last", count: 2 }, down: regions, up: regions }],
    ["offset of something not partitioned", { mapping: { kind: "offset", by: -1 }, down: daily, up: null }],
    ["offset for something not partitioned", { mapping: { kind: "offset", by: -1 }, down: null, up: daily }],
    ["last of nothing", { mapping: { kind: "last", count: 0 }, down: daily, up: daily }],
    [
      "products with one dimension in common",
      { mapping: { kind: "same" }, down: product(daily, regions), up: product(daily, { kind: "buckets", count: 3 }) },
    ],
  ])("are told: %s", (_, { mapping, down, up }) => {
    const options = { mapping, downstream: createPartitionSpace(down, now), upstream: createPartitionSpace(up, now) };
    expect(findMappingFault(options)).toEqual(expect.any(String));
    expect(() => createMapping(options)).toThrow(RangeError);
  });

  it("are read whole by all, and by latest at their end", () => {
    for (const mapping of [{ kind: "all" }, { kind: "latest" }] as const) {
      for (const downstream of spaces)
        for (const upstream of spaces) expect(findMappingFault({ mapping, downstream, upstream })).toBeUndefined();
    }
  });
});
