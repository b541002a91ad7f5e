import fc from "fast-check";
import { expect, test } from "vitest";
import { fingerprint } from "./fingerprint.ts";

test("texts do not run into each other, whatever stands in them", () => {
  const texts = fc.array(
    fc.string({ unit: fc.constantFrom("a", ":", "|", ",", "1", "0", "\u{1f600}"), maxLength: 3 }),
    {
      maxLength: 3,
    },
  );
  fc.assert(
    fc.property(texts, texts, (one, other) => {
      expect(fingerprint(one) === fingerprint(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
    }),
    {
      numRuns: 2_000,
      seed: 1,
      examples: [
        [["a|b"], ["a", "b"]],
        [["1:a"], ["a"]],
      ],
    },
  );
});
