import { unreachable } from "../../errors/unreachable.ts";
import type { Condition, PartitionFact } from "./condition.ts";

/** A condition as its author wrote it: `eager()`, `and(missing(), not(inProgress()))`. */
export function describeCondition(condition: Condition): string {
  switch (condition.kind) {
    case "cronTick":
      return `cronTick("${condition.cron}"${condition.timeZone === "UTC" ? "" : `, ${condition.timeZone}`})`;
    case "and":
    case "or":
      return `${condition.kind}(${condition.conditions.map(describeCondition).join(", ")})`;
    case "not":
    case "newlyTrue":
    case "anyInput":
    case "allInputs":
      return `${condition.kind}(${describeCondition(condition.condition)})`;
    case "since":
      return `since(${describeCondition(condition.trigger)}, ${describeCondition(condition.reset)})`;
    case "named": {
      const [tick] = listCronTicks(condition.condition);
      return `${condition.name}(${tick === undefined ? "" : `"${tick.cron}"${tick.timeZone === "UTC" ? "" : `, ${tick.timeZone}`}`})`;
    }
    default:
      return `${condition.kind}()`;
  }
}

/** What a node of a condition says, as a sentence about a partition: `it has no version`. */
export function nameCondition(condition: Condition): string {
  switch (condition.kind) {
    case "cronTick":
      return `a tick of "${condition.cron}" (${condition.timeZone}) has passed`;
    case "and":
      return "all of";
    case "or":
      return "any of";
    case "not":
      return "not";
    case "newlyTrue":
      return "holds now, and did not at the evaluation before";
    case "anyInput":
      return "for something that it reads";
    case "allInputs":
      return "for everything that it reads";
    case "since":
      return "the first has held more recently than the second";
    case "named":
      return condition.name;
    case "missing":
    case "stale":
    case "inProgress":
    case "failed":
    case "inputMissing":
    case "newlyUpdated":
    case "codeUpdated":
    case "external":
    case "latest":
    case "requested":
    case "handled":
      return factSentences[condition.kind];
    default:
      return unreachable(condition);
  }
}

const factSentences: Readonly<Record<PartitionFact, string>> = {
  missing: "it has no version",
  stale: "another run would make another version",
  inProgress: "it is being made, or requested",
  failed: "its latest step failed",
  inputMissing: "something that it needs has no version",
  newlyUpdated: "it has a new version since the evaluation before",
  codeUpdated: "its code has changed since the evaluation before",
  external: "it reads no other asset: only asking again tells whether there is something new",
  latest: "it is the newest of its time",
  requested: "this evaluation requests it",
  handled: "the evaluation before requested it",
};

export type CronTick = Extract<Condition, { readonly kind: "cronTick" }>;

/** Every tick that a condition waits for, as it is written from left to right. */
export function listCronTicks(condition: Condition): readonly CronTick[] {
  return condition.kind === "cronTick" ? [condition] : listParts(condition).flatMap(listCronTicks);
}

/** The conditions that one is made of, in the order in which they are written. */
export function listParts(condition: Condition): readonly Condition[] {
  if ("conditions" in condition) return condition.conditions;
  if ("trigger" in condition) return [condition.trigger, condition.reset];
  return "condition" in condition ? [condition.condition] : [];
}

/** How many steps up the graph a condition looks. */
export function measureReach(condition: Condition): number {
  const inner = Math.max(0, ...listParts(condition).map(measureReach));
  return condition.kind === "anyInput" || condition.kind === "allInputs" ? inner + 1 : inner;
}
