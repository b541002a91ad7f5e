import { expect, test } from "vitest";
import { placeArguments } from "./place-arguments.ts";

test("values go to their parameters, whatever the order in which they are given", () => {
  expect(
    placeArguments([
      ["2", "ctx"],
      ["0", "orders"],
      ["1", "customers"],
    ]),
  ).toEqual(["orders", "customers", "ctx"]);
});

test("members of one parameter become one object", () => {
  expect(
    placeArguments([
      ["0.orders", 1],
      ["0.nested.deep", 2],
      ["1", 3],
    ]),
  ).toEqual([{ orders: 1, nested: { deep: 2 } }, 3]);
});

test("an absent optional input is undefined, and parameters after it keep their place", () => {
  expect(
    placeArguments([
      ["0", undefined],
      ["1", "ctx"],
    ]),
  ).toEqual([undefined, "ctx"]);
});
