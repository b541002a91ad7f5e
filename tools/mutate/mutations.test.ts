import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { mutations } from "./mutations.ts";

const root = resolve(import.meta.dirname, "../..");

test.each(mutations)("the text that bug $id replaces is in $file once", async ({ file, find, replace }) => {
  const text = await readFile(join(root, file), "utf8");
  expect(text.split(find)).toHaveLength(2);
  expect(replace).not.toBe(find);
});

test.each(mutations)("the tests that must notice bug $id are there", ({ tests }) => {
  expect(tests.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  expect(tests.length).toBeGreaterThan(0);
});

test("every bug of the list can be planted, in the order of the list", () => {
  const ids = mutations.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const numbers = ids.map((id) => Number.parseInt(id));
  expect([...new Set(numbers)]).toEqual(Array.from({ length: 28 }, (_, index) => index + 1));
});

test("the list in the documentation has the same bugs", async () => {
  const page = await readFile(join(root, "docs/contributing/testing.md"), "utf8");
  const rows = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, number]) => Number(number));
  expect(rows).toEqual(Array.from({ length: 28 }, (_, index) => index + 1));
});
