import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  countRanges,
  hasOrdinal,
  intersectRanges,
  listOrdinals,
  normalizeRanges,
  subtractRanges,
  type OrdinalRange,
} from "./ordinal-ranges.ts";

const anyRanges = fc.array(
  fc.tuple(fc.integer({ min: -3, max: 40 }), fc.nat(9)).map(([from, length]): OrdinalRange => [from, from + length]),
  { maxLength: 8 },
);
const anySet = anyRanges.map(normalizeRanges);
const members = (ranges: readonly OrdinalRange[]): Set<number> => new Set(listOrdinals(ranges));
const ascending = (set: ReadonlySet<number>): number[] => [...set].sort((a, b) => a - b);

describe("sets of ordinals as ranges", () => {
  it("are sorted, disjoint, not touching and never empty, with the members of what they were made from", () => {
    fc.assert(
      fc.property(anyRanges, (ranges) => {
        const normal = normalizeRanges(ranges);
        expect([...listOrdinals(normal)]).toEqual(ascending(members(ranges)));
        for (const [index, [from, to]] of normal.entries()) {
          expect(from).toBeLessThan(to);
          expect(from).toBeGreaterThan(normal[index - 1]?.[1] ?? Number.NEGATIVE_INFINITY);
        }
      }),
    );
  });

  it("intersect, subtract and count as sets do", () => {
    fc.assert(
      fc.property(anySet, anySet, (a, b) => {
        expect([...listOrdinals(intersectRanges(a, b))]).toEqual(
          [...listOrdinals(a)].filter((one) => members(b).has(one)),
        );
        expect([...listOrdinals(subtractRanges(a, b))]).toEqual(
          [...listOrdinals(a)].filter((one) => !members(b).has(one)),
        );
        expect(countRanges(a)).toBe(members(a).size);
        for (let ordinal = -4; ordinal < 52; ordinal++) expect(hasOrdinal(a, ordinal)).toBe(members(a).has(ordinal));
      }),
    );
  });
});
