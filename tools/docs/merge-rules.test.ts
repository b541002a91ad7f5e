import { expect, test } from "vitest";
import { hasTest, readTestRows } from "../testing/named-tests.ts";

/* docs/reference/merge-rules.md against the tests that it names. */
const rows = readTestRows("reference/merge-rules.md", /^[ML]\d+$/);
const numbered = (letter: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);

test("every rule and law of a merge is a row, once and in order", () => {
  expect(rows.map(({ id }) => id)).toEqual([...numbered("M", 42), ...numbered("L", 14)]);
});

test.each(rows)("rule $id names tests that exist", ({ tests }) => {
  expect(tests.length).toBeGreaterThan(0);
  expect(tests.filter((named) => !hasTest(named))).toEqual([]);
});
