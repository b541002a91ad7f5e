import { expect, test } from "vitest";
import { labelPartition } from "./label-partition.ts";

test("an asset without partitions is named alone", () => {
  expect([labelPartition("orders", ""), labelPartition("orders", null)]).toEqual(["orders", "orders"]);
  expect(labelPartition("orders", "2001-01-31")).toBe("orders@2001-01-31");
});
