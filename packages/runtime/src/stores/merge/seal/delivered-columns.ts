import { isEventTimeType, type MergeSpec } from "@watersmeet/core/merge";
import type { Column, ColumnType } from "@watersmeet/core/schema";
import type { StagedBranch } from "../../port/staged-merge.ts";

/** What a branch delivers, read as columns. */
export interface DeliveredColumns {
  /** Of the merge's key and cells, those that the branch has. */
  readonly columns: readonly Column[];
  /** `null`: the branch is undated. It may be one of the columns, or one that the merge does not keep; so may the others. */
  readonly eventTime: Column | null;
  /** `null`: every row is an upsert. */
  readonly operation: Column | null;
  /** The producer's own sequence of rows. */
  readonly sequence: Column | null;
  /** Which columns a row says something of; `null`: of all that it has. */
  readonly present: Column | null;
}

export function readDeliveredColumns(spec: MergeSpec, branch: StagedBranch): DeliveredColumns {
  const { policy, schema } = spec;
  const columns = schema.columns.filter(({ name }) => branch.columns.includes(name));
  const find = (name: string | null | undefined, wanted: Wanted): Column | null => {
    if (name === null || name === undefined || !branch.columns.includes(name)) return null;
    return columns.find((column) => column.name === name) ?? findUpstream(branch, name, wanted);
  };
  return {
    columns,
    eventTime: find(policy.eventTime, { fits: isEventTimeType, otherwise: { kind: "timestamp" } }),
    operation: find(policy.operation, { fits: ({ kind }) => kind === "text", otherwise: { kind: "text" } }),
    sequence: find(policy.sequence, { fits: isWhole, otherwise: { kind: "bigint" } }),
    present: find(policy.present, { fits: ({ kind }) => kind === "json", otherwise: { kind: "json" } }),
  };
}

/** Columns that the branch is read for, each once. */
export function listReadColumns(delivered: DeliveredColumns): readonly Column[] {
  const { columns, eventTime, operation, sequence, present } = delivered;
  const extra = [eventTime, operation, sequence, present].filter((column) => column !== null);
  return [...new Map([...columns, ...extra].map((column) => [column.name, column])).values()];
}

interface Wanted {
  readonly fits: (type: ColumnType) => boolean;
  readonly otherwise: ColumnType;
}

/** A column that the merge does not keep has the type that an input has for it; what is computed is cast. */
function findUpstream({ deliveries }: StagedBranch, name: string, { fits, otherwise }: Wanted): Column {
  const columns = (deliveries[0]?.query.inputs ?? []).flatMap(({ asset }) => asset.schema.columns);
  const upstream = columns.find((column) => column.name === name && fits(column.type));
  return upstream ?? { name, type: otherwise, isNullable: true, nullAs: "null" };
}

function isWhole({ kind }: ColumnType): boolean {
  return kind === "integer" || kind === "bigint";
}
