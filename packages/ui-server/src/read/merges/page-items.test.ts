import { expect, test } from "vitest";
import { pageItems } from "./page-items.ts";

const items = ["a", "b", "c", "d", "e"];
const nameOf = (item: string): string => item;

test("pages follow each other, each item once", () => {
  const first = pageItems(items, { limit: 2 }, nameOf);
  const second = pageItems(items, { limit: 2, cursor: first.nextCursor ?? "" }, nameOf);
  const third = pageItems(items, { limit: 2, cursor: second.nextCursor ?? "" }, nameOf);
  expect([first.items, second.items, third.items]).toEqual([["a", "b"], ["c", "d"], ["e"]]);
  expect(third.nextCursor).toBeNull();
});

test("what is new at the top moves no later page", () => {
  const { nextCursor } = pageItems(items, { limit: 2 }, nameOf);
  expect(pageItems(["new", ...items], { limit: 2, cursor: nextCursor ?? "" }, nameOf).items).toEqual(["c", "d"]);
});

test("a cursor that names nothing is refused", () => {
  expect(() => pageItems(items, { limit: 2, cursor: "nonsense" }, nameOf)).toThrow("is not a cursor");
});
