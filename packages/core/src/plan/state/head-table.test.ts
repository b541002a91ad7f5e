import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PartitionKey } from "../../values/partitions/partition-key.ts";
import { createPartitionSpace } from "../../values/partitions/partition-space.ts";
import { createHeadTable, getHeadColumns } from "./head-table.ts";
import type { HeadState } from "./state-snapshot.ts";

const buckets = createPartitionSpace({ kind: "buckets", count: 40 }, new Date(0));
const partition: fc.Arbitrary<PartitionKey> = fc.nat(39).map((ordinal) => buckets.keyAt(ordinal));
const digest = fc.stringMatching(/^[0-9a-f]{64}$/);
/** Digests, and what only looks like one: other lengths, capitals, nothing. */
const text = fc.oneof(
  digest,
  fc.constant("0".repeat(64)),
  fc.string({ maxLength: 3 }),
  digest.map((one) => one.toUpperCase()),
  digest.map((one) => one.slice(1)),
);
const head: fc.Arbitrary<HeadState> = fc.record({
  commitId: text,
  dataDigest: text,
  codeVersion: fc.constantFrom("a", "b"),
  schemaVersion: text,
  inputs: fc.dictionary(fc.constantFrom("0", "1", "1.orders"), text),
});

describe("a head table", () => {
  it("answers as a map does, replaced partitions included", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(partition, head), { maxLength: 60 }), (writes) => {
        const table = createHeadTable();
        for (const [key, state] of writes) table.set(key, state);
        const map = new Map(writes);
        const visited: [PartitionKey, HeadState][] = [];
        table.forEach((state, key) => visited.push([key, state]));
        expect([...table]).toEqual([...map]);
        expect(visited).toEqual([...map]);
        expect([[...table.keys()], [...table.values()], table.size]).toEqual([
          [...map.keys()],
          [...map.values()],
          map.size,
        ]);
        for (let ordinal = 0; ordinal < 40; ordinal++) {
          const key = buckets.keyAt(ordinal);
          expect([table.has(key), table.get(key)]).toEqual([map.has(key), map.get(key)]);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("compares texts in its columns as texts, across columns and kinds", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(partition, head), { minLength: 1, maxLength: 10 }), (writes) => {
        const table = createHeadTable();
        for (const [key, state] of writes) table.set(key, state);
        expect(getHeadColumns(table)).toBe(table.columns);
        const { commitIds, dataDigests } = getHeadColumns(new Map(table));
        for (let a = 0; a < table.size; a++) {
          for (let b = 0; b < table.size; b++) {
            expect(commitIds.isSame(a, dataDigests, b)).toBe(commitIds.get(a) === dataDigests.get(b));
            expect(commitIds.isSame(a, commitIds, b)).toBe(commitIds.get(a) === commitIds.get(b));
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});
