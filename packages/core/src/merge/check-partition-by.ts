import type { Problem } from "../errors/problem.ts";
import type { ColumnType } from "../schema/row-schema.ts";
import type { PartitionsSpec } from "../values/partitions/partitions-spec.ts";
import type { MergeSpec } from "./contribution/contribution.ts";

/** Whether the column that a merge is partitioned by can name its partitions, as MERGE_POLICY_INVALID. Messages do not name the merge. */
export function checkPartitionBy(
  { policy: { partitionBy }, schema }: MergeSpec,
  partitions: PartitionsSpec | null,
): readonly Problem[] {
  const type = schema.columns.find(({ name }) => name === partitionBy)?.type;
  if (partitionBy === undefined || type === undefined || fits(type, partitions)) return [];
  return [
    {
      code: "MERGE_POLICY_INVALID",
      message: `partitionBy names "${partitionBy}", which is ${type.kind} and does not say which of ${describePartitions(partitions)} a row belongs to`,
      hint: "Use a timestamp, or a date where windows are whole days, for partitions of time; a text for listed ones. For others leave partitionBy out, or the merge without partitions.",
    },
  ];
}

function fits({ kind }: ColumnType, partitions: PartitionsSpec | null): boolean {
  if (partitions?.kind === "listed") return kind === "text";
  if (partitions?.kind !== "time") return false;
  return kind === "timestamp" || (kind === "date" && partitions.grain !== "hour");
}

function describePartitions(partitions: PartitionsSpec | null): string {
  switch (partitions?.kind) {
    case undefined:
      return "no partitions";
    case "time":
      return `the partitions of a ${partitions.grain} each`;
    case "listed":
      return "the listed partitions";
    case "buckets":
      return "the hash buckets";
    case "product":
      return "the pairs of partitions";
  }
}
