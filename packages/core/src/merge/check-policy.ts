import type { Problem } from "../errors/problem.ts";
import type { MergeSpec } from "./contribution/contribution.ts";
import { isEventTimeType } from "./contribution/event-time.ts";
import { isKeyType } from "./contribution/key.ts";

/** Everything that is wrong with a merge's policy for its schema. `asset` is for the messages. */
export function checkMergePolicy(asset: string, { policy, schema }: MergeSpec): readonly Problem[] {
  const types = new Map(schema.columns.map((column) => [column.name, column.type]));
  const invalid = (message: string, hint: string): Problem => ({
    code: "MERGE_POLICY_INVALID",
    message: `${asset}: ${message}`,
    hint,
  });
  const problems: Problem[] = [];
  if (policy.key.length === 0) problems.push(invalid("the merge has no key", "Name the columns that identify a row."));
  for (const name of policy.key) {
    const type = types.get(name);
    if (type === undefined)
      problems.push(invalid(`the key column "${name}" is not in the schema`, "Add it, or choose another."));
    else if (!isKeyType(type))
      problems.push(
        invalid(
          `"${name}" is ${type.kind}, which cannot be part of a key`,
          "Equal values may have different forms. Use text, a whole number, a decimal, a date or a timestamp.",
        ),
      );
  }
  for (const name of Object.keys(policy.columns)) {
    if (!types.has(name))
      problems.push(
        invalid(`there is a policy for "${name}", which is not in the schema`, "Correct the name, or leave it out."),
      );
  }
  const time = policy.eventTime === null ? undefined : types.get(policy.eventTime);
  if (time !== undefined && !isEventTimeType(time))
    problems.push(
      invalid(
        `the event time "${policy.eventTime}" is ${time.kind}`,
        "Use a timestamp, a date, or microseconds as a whole number.",
      ),
    );
  for (const [source, rank] of Object.entries(policy.trust)) {
    if (!Number.isSafeInteger(rank))
      problems.push(
        invalid(`the trust of "${source}" is ${rank}`, "Trust is a whole number; greater is more trusted."),
      );
  }
  return problems;
}
