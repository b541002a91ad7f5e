import { rowRules } from "../../merge/fold/row-policies.ts";
import { cellPolicies, rowPolicies, type CellPolicy, type MergePolicy, type RowPolicy } from "../../merge/policy.ts";
import type { PartitionsSpec } from "../../values/partitions/partitions-spec.ts";
import { invalid, requireColumnNames } from "../define.ts";
import type { Definition } from "../definition.ts";
import { parseDuration } from "../duration.ts";

/** Of the options of a merge, what its result depends on; as run time sees them. */
export interface LoosePolicyOptions {
  readonly key?: readonly string[];
  readonly policy: RowPolicy;
  readonly columns?: Readonly<Record<string, CellPolicy | LooseCustom | undefined>>;
  readonly trust?: Readonly<Record<string, number | undefined>>;
  readonly eventTime?: string;
  readonly tolerance?: string;
  readonly operation?: string;
  readonly sequence?: string;
  readonly present?: string;
  readonly partitionBy?: string;
  readonly partitions?: PartitionsSpec;
}

interface LooseCustom {
  readonly policy: "custom";
  readonly join: (a: never, b: never) => unknown;
}

/** @throws {DEFINITION_INVALID} */
export function readPolicy(options: LoosePolicyOptions, columns: readonly string[]): MergePolicy {
  const key = options.key ?? [];
  if (key.length === 0) throw invalid("merge() needs a key", 'Name the columns that identify a row: key: ["id"]');
  requireColumnNames(key, columns, "key");
  if (!rowPolicies.includes(options.policy))
    throw invalid(`merge() needs a policy, and "${options.policy}" is none`, `Choose ${listChoices(rowPolicies)}`);
  return Object.freeze({
    key: Object.freeze(columns.filter((column) => key.includes(column))),
    rows: options.policy,
    columns: readColumnPolicies(options, columns),
    trust: readTrust(options.trust ?? {}),
    eventTime: options.eventTime ?? null,
    ...readFeedColumns(options),
    ...readTolerance(options),
    ...readPartitionBy(options),
  });
}

/** The functions of columns with a policy of the author's own. */
export function readReducers({ columns = {} }: LoosePolicyOptions): Definition["reducers"] {
  const reducers: Record<string, LooseCustom["join"]> = {};
  for (const [column, policy] of Object.entries(columns)) {
    if (typeof policy === "object") reducers[column] = policy.join;
  }
  return reducers;
}

function readColumnPolicies(options: LoosePolicyOptions, columns: readonly string[]): MergePolicy["columns"] {
  const policies: Record<string, CellPolicy> = {};
  for (const [column, policy] of Object.entries(options.columns ?? {})) {
    if (policy === undefined) continue;
    requireColumnNames([column], columns, "columns");
    if (options.key?.includes(column))
      throw invalid(
        `columns gives a policy to "${column}", which is part of the key`,
        "Leave it out: a key is equal in all branches",
      );
    if (!rowRules[options.policy].isByCell)
      throw invalid(
        `columns cannot be given with ${options.policy}`,
        "It keeps whole rows: leave columns out, or choose another policy",
      );
    policies[column] = readCellPolicy(policy);
  }
  return Object.freeze(policies);
}

function readCellPolicy(policy: CellPolicy | LooseCustom): CellPolicy {
  if (typeof policy === "object" && policy !== null && typeof policy.join === "function") return policy.policy;
  const isNamed = typeof policy === "string" && policy !== "custom" && cellPolicies.includes(policy);
  if (isNamed) return policy;
  const named = cellPolicies.filter((one) => one !== "custom");
  throw invalid(
    `"${String(policy)}" is not a policy for a column`,
    `Choose ${listChoices(named)}, or write custom((a, b) => …)`,
  );
}

function readTrust(trust: Readonly<Record<string, number | undefined>>): MergePolicy["trust"] {
  const ranks: Record<string, number> = {};
  for (const [branch, rank] of Object.entries(trust)) {
    if (rank === undefined) continue;
    if (!Number.isInteger(rank) || Math.abs(rank) > 1_000_000)
      throw invalid(`the trust of "${branch}" is ${rank}`, "Give whole numbers up to 1,000,000");
    ranks[branch] = rank;
  }
  return Object.freeze(ranks);
}

function readFeedColumns(options: LoosePolicyOptions): Pick<MergePolicy, "operation" | "sequence" | "present"> {
  const { operation, sequence, present } = options;
  const named = [options.eventTime, operation, sequence, present].filter((name) => name !== undefined);
  const repeated = named.find((name, index) => named.indexOf(name) !== index);
  if (repeated !== undefined)
    throw invalid(
      `"${repeated}" is named for two of eventTime, operation, sequence and present`,
      "Each is a column of its own",
    );
  return {
    ...(operation === undefined ? {} : { operation }),
    ...(sequence === undefined ? {} : { sequence }),
    ...(present === undefined ? {} : { present }),
  };
}

function readTolerance({ tolerance, eventTime }: LoosePolicyOptions): Pick<MergePolicy, "toleranceUs"> {
  if (tolerance === undefined) return {};
  if (eventTime === undefined)
    throw invalid("tolerance needs an event time", "Name the column that says since when a row is true: eventTime");
  return { toleranceUs: parseDuration(tolerance) * 1_000 };
}

/** The key has to say which partition a row belongs to, or one key could be in two of them (M17). */
function readPartitionBy({ partitionBy, partitions, key = [] }: LoosePolicyOptions): Pick<MergePolicy, "partitionBy"> {
  if (partitionBy === undefined) return {};
  if (!key.includes(partitionBy))
    throw invalid(
      `partitionBy names "${partitionBy}", which is not part of the key`,
      "The key has to say which partition a row belongs to: add the column to the key, or leave the merge without partitions",
    );
  if (partitions?.kind !== "time" && partitions?.kind !== "listed")
    throw invalid(
      `partitionBy needs partitions of time or listed ones`,
      "Which bucket or pair a row belongs to does not follow from one column: leave partitionBy out",
    );
  return { partitionBy };
}

function listChoices(choices: readonly string[]): string {
  return `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
}
