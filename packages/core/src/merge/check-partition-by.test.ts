import { expect, test } from "vitest";
import type { ColumnType } from "../schema/row-schema.ts";
import type { PartitionsSpec, TimeGrain } from "../values/partitions/partitions-spec.ts";
import { checkPartitionBy } from "./check-partition-by.ts";
import { checkMergePolicy } from "./check-policy.ts";

const time = (grain: TimeGrain): PartitionsSpec => ({
  kind: "time",
  grain,
  start: "2001-01-01",
  end: null,
  timeZone: "UTC",
});
const listed: PartitionsSpec = { kind: "listed", keys: ["eu"] };

function specOf(type: ColumnType, key: readonly string[] = ["id", "of"]) {
  const schema = {
    columns: [
      { name: "id", type: { kind: "text" }, isNullable: false, nullAs: "null" },
      { name: "of", type, isNullable: false, nullAs: "null" },
    ],
  } as const;
  const policy = { key, rows: "recencyFirst", columns: {}, trust: {}, eventTime: null, partitionBy: "of" } as const;
  return { policy, schema };
}

test.each<[ColumnType["kind"], PartitionsSpec | null, boolean]>([
  ["timestamp", time("hour"), true],
  ["date", time("day"), true],
  ["date", time("month"), true],
  ["date", time("hour"), false],
  ["integer", time("day"), false],
  ["text", listed, true],
  ["date", listed, false],
  ["text", { kind: "buckets", count: 4 }, false],
  ["text", { kind: "product", first: listed, second: listed }, false],
  ["text", null, false],
])("a %s says which of %j a row belongs to: %s", (kind, partitions, isFit) => {
  const type: ColumnType = kind === "decimal" ? { kind, precision: 5, scale: 2 } : { kind };
  const problems = checkPartitionBy(specOf(type), partitions);
  expect(problems.map(({ code }) => code)).toEqual(isFit ? [] : ["MERGE_POLICY_INVALID"]);
});

test("what a merge is partitioned by has to be part of its key (M17)", () => {
  expect(checkMergePolicy("sales", specOf({ kind: "text" }))).toEqual([]);
  expect(checkMergePolicy("sales", specOf({ kind: "text" }, ["id"]))).toMatchObject([
    { code: "MERGE_POLICY_INVALID", message: 'sales: partitionBy names "of", which is not part of the key' },
  ]);
});
