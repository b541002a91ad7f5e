import fc from "fast-check";
import { expect, test } from "vitest";
import type { Column, ColumnType } from "../../schema/row-schema.ts";
import { addExactly, greatestSum } from "./exact-sum.ts";

const column = (type: ColumnType): Column => ({ name: "total", type, isNullable: true, nullAs: "null" });
const decimal = (precision: number, scale: number): Column => column({ kind: "decimal", precision, scale });

test("sums are exact where floats are not, and independent of the order", () => {
  expect(addExactly(decimal(12, 2), ["0.10", "0.20", "-0.30"])).toBe("0.00");
  expect(addExactly(decimal(38, 0), ["9".repeat(37), "1"])).toBe(`1${"0".repeat(37)}`);
  expect(addExactly(column({ kind: "bigint" }), [2n ** 62n, -(2n ** 63n), 2n ** 62n, 1n])).toBe(1n);
  expect(addExactly(column({ kind: "integer" }), [Number.MAX_SAFE_INTEGER, -1])).toBe(Number.MAX_SAFE_INTEGER - 1);
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n })), fc.nat(), (values, turn) => {
      const texts = values.map(
        (value) =>
          `${value < 0n ? "-" : ""}${(value < 0n ? -value : value) / 100n}.${String((value < 0n ? -value : value) % 100n).padStart(2, "0")}`,
      );
      const turned = [...texts.slice(turn % (texts.length + 1)), ...texts.slice(0, turn % (texts.length + 1))];
      expect(addExactly(decimal(38, 2), texts)).toBe(addExactly(decimal(38, 2), turned));
    }),
    { numRuns: 50, seed: 1 },
  );
});

test.each([
  ["integer", column({ kind: "integer" }), [Number.MAX_SAFE_INTEGER, 1]],
  ["bigint", column({ kind: "bigint" }), [2n ** 63n - 1n, 1n]],
  ["the least bigint, which has no counterpart", column({ kind: "bigint" }), [-(2n ** 63n)]],
  ["decimal", decimal(4, 2), ["99.99", "0.01"]],
  ["negative decimal", decimal(4, 2), ["-99.99", "-0.01"]],
])("a sum that its column cannot hold is an error and no wrong number: %s", (_name, of, values) => {
  expect(() => addExactly(of, values)).toThrow(
    expect.objectContaining({ code: "MERGE_SUM_OVERFLOW", details: { column: "total" } }),
  );
});

test("the greatest sum of a type is what its column can hold", () => {
  expect(addExactly(decimal(4, 2), ["99.99"])).toBe("99.99");
  expect(addExactly(decimal(4, 2), ["-99.99"])).toBe("-99.99");
  expect(greatestSum({ kind: "decimal", precision: 4, scale: 2 })).toBe(9999n);
  expect(greatestSum({ kind: "bigint" })).toBe(2n ** 63n - 1n);
  expect(greatestSum({ kind: "double" })).toBeNull();
});
