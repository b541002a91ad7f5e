import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalVectors } from "../testing/canonical-vectors.ts";
import { canonicalRow, canonicalValue, digestRows, finishRowDigest } from "./canonical-row.ts";
import type { RowSchema } from "./row-schema.ts";

const schema: RowSchema = {
  columns: [
    { name: "name", type: { kind: "text" }, isNullable: true, nullAs: "null" },
    { name: "id", type: { kind: "integer" }, isNullable: false, nullAs: "null" },
  ],
};

describe("canonical values", () => {
  test.each(canonicalVectors.map((vector) => [vector.type.kind, vector.value, vector] as const))(
    "%s %o has its golden bytes",
    (_kind, _value, vector) => {
      expect(canonicalValue(vector.type, vector.value).toString("hex")).toBe(vector.hex);
    },
  );

  test("a value of another type is refused", () => {
    expect(() => canonicalValue({ kind: "integer" }, 1.5)).toThrow(TypeError);
    expect(() => canonicalValue({ kind: "bigint" }, 2n ** 63n)).toThrow(TypeError);
    expect(() => canonicalValue({ kind: "date" }, "2001-02-29")).toThrow(TypeError);
    expect(() => canonicalValue({ kind: "json" }, [1n])).toThrow(TypeError);
  });
});

describe("canonical rows", () => {
  test("the order of the columns is that of their names", () => {
    expect(canonicalRow(schema, { name: "a", id: 1 }).toString("hex")).toBe("0100000000000000010000000161");
  });

  test("an absent column is NULL, whatever its name", () => {
    const named: RowSchema = {
      columns: [{ name: "constructor", type: { kind: "text" }, isNullable: true, nullAs: "absent" }],
    };
    expect(canonicalRow(named, {}).toString("hex")).toBe("ffffffff");
  });

  test("neighbouring texts do not run into each other", () => {
    const two: RowSchema = {
      columns: ["a", "b"].map((name) => ({ name, type: { kind: "text" }, isNullable: true, nullAs: "null" })),
    };
    const texts = fc.option(fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(fc.tuple(texts, texts), fc.tuple(texts, texts), ([a, b], [c, d]) => {
        const isEqual = canonicalRow(two, { a, b }).equals(canonicalRow(two, { a: c, b: d }));
        expect(isEqual).toBe(a === c && b === d);
      }),
    );
  });
});

describe("digests", () => {
  test("the digest of no rows and of one row are golden", () => {
    expect(digestRows(schema, [])).toBe("be7ffbabe276e803b66c5e8eeaa4e8f32405682f549c6533006804a537f987d4");
    expect(digestRows(schema, [{ id: 1, name: null }])).toBe(
      "d98611a3850c621e392d8508fc4e061d87c545c0c03753afdb920eb8dbfa0b61",
    );
  });

  test("order does not matter, multiplicity does", () => {
    const rows = fc.array(fc.record({ id: fc.integer(), name: fc.option(fc.string()) }), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(rows, (list) => {
        expect(digestRows(schema, list.toReversed())).toBe(digestRows(schema, list));
        expect(digestRows(schema, [...list, ...list.slice(0, 1)])).not.toBe(digestRows(schema, list));
      }),
    );
  });

  test("equal rows do not cancel each other out", () => {
    const [a, b] = [
      { id: 1, name: "a" },
      { id: 2, name: "b" },
    ];
    expect(digestRows(schema, [a, a])).not.toBe(digestRows(schema, [b, b]));
  });

  test("sums count modulo 2^64, whether a store adds signed or unsigned numbers", () => {
    expect(finishRowDigest({ rowCount: 2, sums: [-1n, 2n ** 64n + 5n] })).toBe(
      finishRowDigest({ rowCount: 2, sums: [2n ** 64n - 1n, 5n] }),
    );
  });
});
