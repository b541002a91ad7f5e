import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSkewedByForce, makeStale, makeWorld, pinHeads, worlds } from "../../../test/cut/random-worlds.ts";
import { parseAssetKey } from "../../values/asset-key.ts";
import { unpartitioned } from "../../values/partitions/partition-key.ts";
import type { CutInput } from "./cut.ts";
import { findSkews, type Descent, type DescendingLeg } from "./find-skews.ts";

const runs = { numRuns: 300, seed: 24 };

function version(name: string, number: number, content = `${name}${number}`): CutInput {
  return {
    asset: parseAssetKey(name),
    partition: unpartitioned,
    version: number,
    commitId: `${name}-${number}`,
    dataDigest: content,
  };
}

function made(what: CutInput, ...madeFrom: readonly CutInput[]): Descent {
  return { ...what, madeFrom };
}

function leg(branch: string, input: CutInput, ...ancestry: readonly Descent[]): DescendingLeg {
  return { branch, inputs: [input], ancestry };
}

describe("diamonds, by example", () => {
  const [raw1, raw2] = [version("raw", 1), version("raw", 2)];
  const [clean1, other2] = [version("clean", 1), version("other", 2)];

  test("two branches from two versions of one ancestor are skewed, and the older comes first", () => {
    const skews = findSkews([leg("b", other2, made(other2, raw2)), leg("a", clean1, made(clean1, raw1))]);
    expect(skews).toEqual([
      {
        asset: "raw",
        partition: "",
        legs: [
          { branch: "a", version: 1, dataDigest: "raw1" },
          { branch: "b", version: 2, dataDigest: "raw2" },
        ],
      },
    ]);
  });

  test("a branch that reads the ancestor itself must have the version that the other was made from", () => {
    expect(findSkews([leg("a", clean1, made(clean1, raw1)), leg("b", raw2)])).toHaveLength(1);
    expect(findSkews([leg("a", clean1, made(clean1, raw1)), leg("b", raw1)])).toEqual([]);
  });

  test("two versions of an ancestor with equal rows are no skew", () => {
    const again = version("raw", 2, "raw1");
    expect(findSkews([leg("a", clean1, made(clean1, raw1)), leg("b", other2, made(other2, again))])).toEqual([]);
  });

  test("a difference that went no further is no skew: what was made again from newer inputs came out the same", () => {
    const [a1, b2] = [version("a", 1), version("b", 2)];
    const cleanAgain = version("clean", 2, "clean1");
    const ancestry = [made(a1, clean1), made(b2, raw2, cleanAgain), made(clean1, raw1), made(cleanAgain, raw2)];
    expect(findSkews([leg("a", a1, ...ancestry), leg("b", b2, ...ancestry)])).toEqual([]);
    expect(findSkews([leg("a", a1, ...ancestry.slice(0, 3)), leg("b", b2, ...ancestry.slice(0, 3))])).toHaveLength(1);
  });

  test("an input that was itself made of two versions of an ancestor is not this merge's skew, unless another branch has the ancestor", () => {
    const [day1, day2] = [version("day1", 1), version("day2", 1)];
    const days: DescendingLeg = { branch: "a", inputs: [day1, day2], ancestry: [made(day1, raw1), made(day2, raw2)] };
    expect(findSkews([days, leg("b", version("apart", 1))])).toEqual([]);
    expect(findSkews([days, leg("b", raw2)])).toHaveLength(1);
  });

  test("the nearest shared ancestor is named first", () => {
    const [far1, far2] = [version("far", 1), version("far", 2)];
    const skews = findSkews([
      leg("a", clean1, made(clean1, raw1), made(raw1, far1)),
      leg("b", other2, made(other2, raw2), made(raw2, far2)),
    ]);
    expect(skews.map(({ asset }) => asset)).toEqual(["raw", "far"]);
  });
});

describe("diamonds, in any graph and after any makings", () => {
  test("a cut is found skewed exactly when it is by brute force, so that no skewed one is joined (M24e)", () => {
    const counts = { skewed: 0, aligned: 0 };
    fc.assert(
      fc.property(worlds(), (world) => {
        const legs = pinHeads(world, makeWorld(world));
        const isSkewed = findSkews(legs).length > 0;
        counts[isSkewed ? "skewed" : "aligned"] += 1;
        expect(isSkewed).toBe(isSkewedByForce(legs));
      }),
      runs,
    );
    expect(Math.min(counts.skewed, counts.aligned)).toBeGreaterThan(50);
  });

  test("once everything stale has been made again there is no skew, so that waiting ends", () => {
    fc.assert(
      fc.property(worlds(), (world) => {
        expect(findSkews(pinHeads(world, makeStale(world, makeWorld(world))))).toEqual([]);
      }),
      runs,
    );
  });
});
