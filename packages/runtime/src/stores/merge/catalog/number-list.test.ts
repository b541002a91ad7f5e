import fc from "fast-check";
import { expect, test } from "vitest";
import { parseNumbers, renderNumbers } from "./number-list.ts";

test("numbers of one step are told as a run, others one by one", () => {
  expect(renderNumbers([1, 4, 7, 10, 12, 13, 40])).toBe("[[1,3,4],12,13,40]");
  expect(renderNumbers([])).toBe("[]");
  expect(renderNumbers(Array.from({ length: 10_000 }, (_, index) => index * 3))).toBe("[[0,3,10000]]");
});

test("lists of before are read as they are", () => {
  expect(parseNumbers("[1,4,7,10]")).toEqual([1, 4, 7, 10]);
});

test("what is written is what is read", () => {
  const numbers = fc.oneof(fc.array(fc.nat()), fc.array(fc.nat({ max: 6 }), { maxLength: 30 }));
  fc.assert(
    fc.property(numbers, (list) => {
      expect(parseNumbers(renderNumbers(list))).toEqual(list);
    }),
    { numRuns: 200, seed: 7 },
  );
});
