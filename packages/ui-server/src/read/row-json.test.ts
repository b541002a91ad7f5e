import { expect, test } from "vitest";
import { toJsonRow } from "./row-json.ts";

test("integers that JSON readers would round become text", () => {
  expect(toJsonRow({ id: 9007199254740993n, nested: { deep: [1n] } })).toEqual({
    id: "9007199254740993",
    nested: { deep: ["1"] },
  });
});

test("an absent column stays absent and null stays null", () => {
  expect(toJsonRow({ absent: undefined, empty: null })).toEqual({ empty: null });
});

test("a column named __proto__ is a column", () => {
  const row = Object.fromEntries([["__proto__", 1]]);
  expect(JSON.stringify(toJsonRow(row))).toBe('{"__proto__":1}');
});
