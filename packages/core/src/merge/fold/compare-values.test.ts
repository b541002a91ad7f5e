import { expect, test } from "vitest";
import type { ColumnType } from "../../schema/row-schema.ts";
import { compareValues } from "./compare-values.ts";

const ascending: readonly (readonly [ColumnType, readonly unknown[]])[] = [
  [{ kind: "text" }, ["", "A", "B", "a", "ab", "e\u0301", "\u00e9", "\uff5e", "\u{1f600}"]],
  [{ kind: "integer" }, [-3, 0, 2, 10]],
  [{ kind: "bigint" }, [-(2n ** 63n), 0n, 9007199254740992n, 9007199254740993n]],
  [{ kind: "double" }, [Number.NEGATIVE_INFINITY, -1e300, 0, 5e-324, 0.1, Number.POSITIVE_INFINITY, Number.NaN]],
  [{ kind: "decimal", precision: 12, scale: 2 }, ["-20.00", "-0.01", "0.00", "9.50", "10.00"]],
  [{ kind: "boolean" }, [false, true]],
  [{ kind: "date" }, ["-infinity", "1969-12-31", "2000-02-29", "infinity"]],
  [
    { kind: "timestamp" },
    ["-infinity", "1969-12-31T23:59:59.999999Z", "2001-01-31T05:00:00Z", "2001-01-31T05:00:00.1Z", "infinity"],
  ],
];

test.each(ascending.map(([type, values]) => [type.kind, type, values] as const))(
  "values of %s have the order of DuckDB and Postgres",
  (_kind, type, values) => {
    for (const [i, a] of values.entries())
      for (const [j, b] of values.entries()) expect(Math.sign(compareValues(type, a, b))).toBe(Math.sign(i - j));
  },
);

test("-0 is 0, and NaN is NaN", () => {
  expect(compareValues({ kind: "double" }, -0, 0)).toBe(0);
  expect(compareValues({ kind: "double" }, Number.NaN, Number.NaN)).toBe(0);
});

test("what has no order is no value of a minimum", () => {
  expect(() => compareValues({ kind: "json" }, {}, [])).toThrow(TypeError);
});
