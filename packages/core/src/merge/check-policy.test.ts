import { expect, test } from "vitest";
import { goldenSpec } from "../testing/merge-golden.ts";
import { historyColumns } from "../testing/merge-histories.ts";
import { checkMergePolicy } from "./check-policy.ts";

test("a policy that fits has no problems", () => {
  expect(checkMergePolicy("customers", goldenSpec)).toEqual([]);
});

test("everything that does not fit is reported at once", () => {
  const policy = {
    key: ["gone", 'sc"ore'],
    rows: "recencyFirst",
    columns: { nowhere: "priorityFirst" },
    trust: { web: 1.5 },
    eventTime: "name",
  } as const;
  const problems = checkMergePolicy("customers", { policy, schema: { columns: historyColumns } });
  expect(problems.map(({ message }) => message)).toEqual([
    'customers: the key column "gone" is not in the schema',
    'customers: "sc"ore" is double, which cannot be part of a key',
    'customers: there is a policy for "nowhere", which is not in the schema',
    'customers: the event time "name" is text',
    'customers: the trust of "web" is 1.5',
  ]);
  expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(["MERGE_POLICY_INVALID"]));
});
