import type { RowPredicate } from "@watersmeet/core/gate";

/** One of each kind, at its limits. */
export function examplePredicates(): readonly RowPredicate[] {
  const range = (name: string, min: string | number | null, max: string | number | null): RowPredicate[] =>
    [true, false].map((isExclusive) => ({
      kind: "range",
      column: name,
      min,
      max,
      isMinExclusive: isExclusive,
      isMaxExclusive: isExclusive,
    }));
  return [
    ...["t", "i", "d"].map((name): RowPredicate => ({ kind: "notNull", column: name })),
    { kind: "oneOf", column: "t", values: ["abc", "a'b\nA1", "\\"] },
    { kind: "oneOf", column: "t", values: [] },
    { kind: "textLength", column: "t", min: 4, max: 4 },
    { kind: "textLength", column: "t", min: 1, max: null },
    { kind: "textPattern", column: "t", pattern: "^[a-z]+$" },
    { kind: "textPattern", column: "t", pattern: "'b" },
    ...range("i", -7, 9007199254740991),
    ...range("i", 0.5, null),
    ...range("b", "-9223372036854775808", "9223372036854775806"),
    ...range("d", 0, 1.5),
    ...range("d", null, null),
    ...range("day", "1970-01-01", "2001-01-31"),
    ...range("ts", "1970-01-01T00:00:00Z", "2001-01-31T05:00:00.123456Z"),
    { kind: "multipleOf", column: "i", of: 7 },
    { kind: "multipleOf", column: "b", of: 5 },
    { kind: "finite", column: "d" },
  ];
}
