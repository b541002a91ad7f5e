import { expect, test } from "vitest";
import { findNearestName } from "./nearest-name.ts";

test("a slip of the pen is recognized, another word is not", () => {
  const names = ["customers", "orders", "orderLines"];
  expect(findNearestName("ordrs", names)).toBe("orders");
  expect(findNearestName("Orders", names)).toBe("orders");
  expect(findNearestName("orderlines", names)).toBe("orderLines");
  expect(findNearestName("weather", names)).toBeUndefined();
  expect(findNearestName("x", ["y"])).toBe("y");
});

test("among equally near names the first by code unit is chosen", () => {
  expect(findNearestName("rax", ["raz", "ray"])).toBe("ray");
});
