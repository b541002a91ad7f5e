import { expect, test } from "vitest";
import { hasTest, readTestRows } from "../../../../tools/testing/named-tests.ts";

/* docs/reference/faults.md against the tests that it names. */
const rows = readTestRows("reference/faults.md", /^\d+$/);

test("every fault of the catalogue is a row, once and in order", () => {
  expect(rows.map(({ id }) => Number(id))).toEqual(Array.from({ length: 98 }, (_, index) => index + 1));
});

test.each(rows)("row $id names a test, or says why it has none", ({ cell, tests }) => {
  if (tests.length === 0) expect(cell).toMatch(/^Not covered: .{20,}/);
});

test.each(rows.filter(({ tests }) => tests.length > 0))("the tests of row $id exist", ({ tests }) => {
  expect(tests.filter((named) => !hasTest(named))).toEqual([]);
});
