import { cellRules } from "../merge/fold/cell-policies.ts";
import { cellPolicies, type CellPolicy } from "../merge/policy.ts";
import type { Column, ColumnType } from "../schema/row-schema.ts";

const column = (name: string, type: ColumnType, nullAs: Column["nullAs"] = "null"): Column => ({
  name,
  type,
  isNullable: true,
  nullAs,
});

/** Every kind of column; hostile names included. The first two are the key. */
export const historyColumns: readonly Column[] = [
  column("id", { kind: "text" }),
  column("part", { kind: "bigint" }),
  column("name", { kind: "text" }),
  column('sc"ore', { kind: "double" }),
  column("seen", { kind: "timestamp" }),
  column("amount", { kind: "decimal", precision: 12, scale: 2 }),
  column("order", { kind: "bigint" }),
  column("flag", { kind: "boolean" }),
  column("day", { kind: "date" }),
  column("note", { kind: "text" }, "absent"),
  column("visits", { kind: "integer" }),
  column("tags", { kind: "json" }),
];

export const historyKeys = 2;

export const historyEventTime: Column = column("at", { kind: "timestamp" });

/** Three that differ by microseconds, and one long before. */
export const historyTimes = [
  "2001-01-31T05:00:00.000001Z",
  "2001-01-31T05:00:00.000002Z",
  "2001-01-31T05:00:00.000003Z",
  "1969-07-20T20:17:40Z",
] as const;

// The composed and the decomposed letter are one key; the fullwidth tilde sorts after the emoji in UTF-16 and before it in UTF-8.
const texts = ["", "a", "B", "\u00e9", "e\u0301", "\u{1f600}", "\uff5e", "x'\"; --", "null"];

const hostileValues: Readonly<Record<ColumnType["kind"], readonly unknown[]>> = {
  text: texts,
  integer: [-3, 0, 1, 2, 40],
  bigint: [0n, -1n, 9007199254740993n, 9007199254740992n, 9223372036854775807n],
  double: [0, -0, Number.NaN, Number.POSITIVE_INFINITY, 0.1, -1e300, 5e-324],
  timestamp: ["2001-01-31T05:00:00.123456Z", "2001-01-31T05:00:00.123457Z", "1969-12-31T23:59:59.999999Z"],
  decimal: ["0.00", "12.50", "-0.01", "9999999.99"],
  boolean: [true, false],
  date: ["2000-02-29", "1969-12-31"],
  json: [
    [],
    ["b", "a"],
    ["a", "\uff5e", "\u{1f600}"],
    [{ y: 1, xx: 2 }, null, 10, 9],
    [{ xx: 2, y: 1 }],
    "a",
    { a: [1] },
  ],
};

/** Few, so that they meet; among them all that JavaScript, DuckDB and Postgres may see differently. */
export function valuesOf(kind: ColumnType["kind"]): readonly unknown[] {
  return hostileValues[kind];
}

/** Policies that a column of the type can have in a history: without sums that may overflow, since those are no tables. */
export function policiesOf(type: ColumnType, allowed: readonly CellPolicy[] | undefined): readonly CellPolicy[] {
  const all = allowed ?? cellPolicies.filter((policy) => policy !== "custom");
  const fitting = all.filter(
    (policy) => (cellRules[policy].types?.fit(type) ?? true) && !(policy === "sum" && type.kind === "bigint"),
  );
  return fitting.length === 0 ? ["recencyFirst"] : fitting;
}
