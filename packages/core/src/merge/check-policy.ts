import type { Problem } from "../errors/problem.ts";
import type { ColumnType } from "../schema/row-schema.ts";
import type { MergeSpec } from "./contribution/contribution.ts";
import { isEventTimeType } from "./contribution/event-time.ts";
import { isKeyType } from "./contribution/key.ts";
import { cellRules } from "./fold/cell-policies.ts";
import { rowRules } from "./fold/row-policies.ts";
import type { MergePolicy } from "./policy.ts";

/** Everything that is wrong with a merge's policy for its schema. `asset` is for the messages. */
export function checkMergePolicy(asset: string, { policy, schema }: MergeSpec): readonly Problem[] {
  const types = new Map(schema.columns.map((column) => [column.name, column.type]));
  const complaints = [
    ...checkKey(policy, types),
    ...checkPartitionBy(policy),
    ...checkColumns(policy, types),
    ...checkTimes(policy, types),
    ...checkSpecialColumns(policy, types),
    ...checkTrust(policy),
  ];
  return complaints.map(([message, hint]) => ({ code: "MERGE_POLICY_INVALID", message: `${asset}: ${message}`, hint }));
}

type Complaint = readonly [message: string, hint: string];
type Types = ReadonlyMap<string, ColumnType>;

function checkKey({ key }: MergePolicy, types: Types): readonly Complaint[] {
  if (key.length === 0) return [["the merge has no key", "Name the columns that identify a row."]];
  return key.flatMap((name): readonly Complaint[] => {
    const type = types.get(name);
    if (type === undefined) return [[`the key column "${name}" is not in the schema`, "Add it, or choose another."]];
    if (isKeyType(type)) return [];
    return [
      [
        `"${name}" is ${type.kind}, which cannot be part of a key`,
        "Equal values may have different forms. Use text, a whole number, a decimal, a date or a timestamp.",
      ],
    ];
  });
}

function checkPartitionBy({ key, partitionBy }: MergePolicy): readonly Complaint[] {
  if (partitionBy === undefined || key.includes(partitionBy)) return [];
  return [
    [
      `partitionBy names "${partitionBy}", which is not part of the key`,
      "The key has to say which partition a row belongs to: add the column to the key, or leave the merge without partitions.",
    ],
  ];
}

function checkColumns(policy: MergePolicy, types: Types): readonly Complaint[] {
  const named = Object.entries(policy.columns);
  const [first] = named;
  if (first !== undefined && !rowRules[policy.rows].isByCell) {
    return [
      [
        `there is a policy for "${first[0]}", but ${policy.rows} keeps whole rows`,
        "Leave columns out, or choose recencyFirst or priorityFirst.",
      ],
    ];
  }
  return named.flatMap(([name, cell]): readonly Complaint[] => {
    const type = types.get(name);
    if (type === undefined)
      return [[`there is a policy for "${name}", which is not in the schema`, "Correct the name, or leave it out."]];
    if (policy.key.includes(name))
      return [
        [`there is a policy for "${name}", which is part of the key`, "Leave it out: a key is equal everywhere."],
      ];
    const { types: fitting } = cellRules[cell];
    if (fitting === null || fitting.fit(type)) return [];
    return [[`"${name}" is ${type.kind}, which ${cell} cannot be applied to`, `It takes ${fitting.words}.`]];
  });
}

function checkTimes(policy: MergePolicy, types: Types): readonly Complaint[] {
  const time = policy.eventTime === null ? undefined : types.get(policy.eventTime);
  const complaints: Complaint[] = [];
  if (time !== undefined && !isEventTimeType(time))
    complaints.push([
      `the event time "${policy.eventTime}" is ${time.kind}`,
      "Use a timestamp, a date, or microseconds as a whole number.",
    ]);
  const tolerance = policy.toleranceUs ?? 0;
  if (!Number.isSafeInteger(tolerance) || tolerance < 0)
    complaints.push([`the tolerance is ${tolerance} microseconds`, "Give a whole number of at least 0."]);
  if (tolerance > 0 && policy.eventTime === null)
    complaints.push(["there is a tolerance but no event time", "Name the event time, or leave the tolerance out."]);
  return complaints;
}

/** They need not be in the schema; when they are, they must be able to say what they are read for. */
function checkSpecialColumns(policy: MergePolicy, types: Types): readonly Complaint[] {
  const wanted = [
    ["operation", policy.operation, ["text"], "text: upsert, delete or retract"],
    ["sequence", policy.sequence, ["integer", "bigint"], "a whole number"],
    ["present", policy.present, ["json"], "JSON: an array of column names"],
  ] as const;
  return wanted.flatMap(([option, name, kinds, words]): readonly Complaint[] => {
    const type = name === undefined ? undefined : types.get(name);
    if (type === undefined || kinds.some((kind) => kind === type.kind)) return [];
    return [[`the ${option} "${name}" is ${type.kind}`, `Use a column of ${words}.`]];
  });
}

function checkTrust({ trust }: MergePolicy): readonly Complaint[] {
  return Object.entries(trust)
    .filter(([, rank]) => !Number.isSafeInteger(rank))
    .map(([source, rank]) => [
      `the trust of "${source}" is ${rank}`,
      "Trust is a whole number; greater is more trusted.",
    ]);
}
