import { expect, test } from "vitest";
import type { Column, ColumnType } from "../schema/row-schema.ts";
import { goldenSpec } from "../testing/merge-golden.ts";
import { historyColumns } from "../testing/merge-history-columns.ts";
import { checkMergePolicy } from "./check-policy.ts";
import { cellPolicies, type CellPolicy, type MergePolicy } from "./policy.ts";

const messagesOf = (policy: Partial<MergePolicy>, columns: readonly Column[] = historyColumns) =>
  checkMergePolicy("a", {
    policy: { ...goldenSpec.policy, columns: {}, key: ["id"], ...policy },
    schema: { columns },
  }).map(({ message }) => message);

test("a policy that fits has no problems", () => {
  expect(checkMergePolicy("customers", goldenSpec)).toEqual([]);
});

test("everything that does not fit is reported at once", () => {
  const policy = {
    key: ["gone", 'sc"ore'],
    rows: "recencyFirst",
    columns: { nowhere: "priorityFirst", name: "sum" },
    trust: { web: 1.5 },
    eventTime: "name",
    operation: "order",
    sequence: "name",
    present: "name",
    toleranceUs: -1,
  } as const;
  const problems = checkMergePolicy("customers", { policy, schema: { columns: historyColumns } });
  expect(problems.map(({ message }) => message)).toEqual([
    'customers: the key column "gone" is not in the schema',
    'customers: "sc"ore" is double, which cannot be part of a key',
    'customers: there is a policy for "nowhere", which is not in the schema',
    'customers: "name" is text, which sum cannot be applied to',
    'customers: the event time "name" is text',
    "customers: the tolerance is -1 microseconds",
    'customers: the operation "order" is bigint',
    'customers: the sequence "name" is text',
    'customers: the present "name" is text',
    'customers: the trust of "web" is 1.5',
  ]);
  expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(["MERGE_POLICY_INVALID"]));
});

test("each policy takes the types whose values it can be applied to", () => {
  const kinds = ["text", "integer", "bigint", "double", "boolean", "date", "timestamp", "json"] as const;
  const types: readonly ColumnType[] = [
    ...kinds.map((kind) => ({ kind })),
    { kind: "decimal", precision: 5, scale: 2 },
  ];
  const taken = (policy: CellPolicy) =>
    types
      .filter((type) => {
        const column: Column = { name: "c", type, isNullable: true, nullAs: "null" };
        return messagesOf({ columns: { c: policy } }, [...historyColumns, column]).length === 0;
      })
      .map(({ kind }) => kind);
  const all = types.map(({ kind }) => kind);
  const allButJson = all.filter((kind) => kind !== "json");
  expect(Object.fromEntries(cellPolicies.map((policy) => [policy, taken(policy)]))).toEqual({
    recencyFirst: all,
    priorityFirst: all,
    first: all,
    min: allButJson,
    max: allButJson,
    setUnion: ["json"],
    sum: ["integer", "bigint", "decimal"],
    count: ["integer", "bigint"],
    custom: all,
  });
});

test("a policy for a column is refused where whole rows are kept, and for a part of the key", () => {
  for (const rows of ["unionDistinct", "unionAll", "keepConflicts"] as const) {
    expect(messagesOf({ rows, columns: { name: "first" } })).toEqual([
      `a: there is a policy for "name", but ${rows} keeps whole rows`,
    ]);
  }
  expect(messagesOf({ columns: { id: "first" } })).toEqual(['a: there is a policy for "id", which is part of the key']);
});

test("a tolerance needs an event time", () => {
  expect(messagesOf({ eventTime: null, toleranceUs: 1 })).toEqual(["a: there is a tolerance but no event time"]);
});
