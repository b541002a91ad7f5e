import fc from "fast-check";
import { expect, test } from "vitest";
import { countOverlaps } from "./dependencies.ts";

const ranges = fc.array(
  fc.tuple(fc.nat(60), fc.nat(20)).map(([from, length]): readonly [number, number] => [from, from + length]),
  { maxLength: 12 },
);

test("overlapping ranges are counted as if each number had been counted by itself", () => {
  fc.assert(
    fc.property(ranges, (given) => {
      const expected = new Map<number, number>();
      for (const [from, to] of given) for (let n = from; n < to; n++) expected.set(n, (expected.get(n) ?? 0) + 1);
      const counted = new Map<number, number>();
      for (const { from, to, count } of countOverlaps(given)) for (let n = from; n < to; n++) counted.set(n, count);
      expect([...counted].sort(([a], [b]) => a - b)).toEqual([...expected].sort(([a], [b]) => a - b));
    }),
  );
});

test("counted ranges are ascending and disjoint", () => {
  fc.assert(
    fc.property(ranges, (given) => {
      const releases = countOverlaps(given);
      for (const [index, release] of releases.entries()) {
        expect(release.from).toBeLessThan(release.to);
        expect(release.from).toBeGreaterThanOrEqual(releases[index - 1]?.to ?? 0);
      }
    }),
  );
});
