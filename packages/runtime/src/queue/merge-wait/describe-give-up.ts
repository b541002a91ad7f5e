import type { WaitPolicy } from "@watersmeet/core";
import { unreachable } from "@watersmeet/core/errors";
import type { Json } from "@watersmeet/core/values";
import type { StepFailure } from "../../step/step.ts";
import type { GiveUp } from "./decide-wait.ts";
import type { MissingStep, ReadLeg, WaitingMerge } from "./read-waits.ts";

/** The end of a merge that cannot go on: what it lacks, and what each of its branches is doing. */
export function describeGiveUp(merge: WaitingMerge, terms: WaitPolicy, why: GiveUp): StepFailure {
  const name = merge.partition === "" ? merge.asset.key : `${merge.asset.key} @ ${merge.partition}`;
  const since = merge.isDue ? ` after ${terms.deadlineMs ?? 0} ms` : "";
  const legs = merge.legs.map((leg): Json => ({ branch: leg.branch, state: leg.state, doing: describeLeg(leg) }));
  return {
    class: "permanent",
    code: "MERGE_LEGS_MISSING",
    message: `${name} cannot go on${since}: ${describeWhy(why)}. ${merge.legs.map((leg) => `${leg.branch} ${describeLeg(leg)}`).join("; ")}.`,
    hint: "Mend the branches and retry the run. A branch that the merge can do without is an optional parameter; `wait` says for how many and how long it waits.",
    stack: null,
    details: { legs, quorum: terms.quorum, deadlineMs: terms.deadlineMs, required: [...terms.required] },
    retryAfterMs: null,
  };
}

function describeWhy(why: GiveUp): string {
  switch (why.kind) {
    case "required":
      return `it requires ${why.branches.join(" and ")}`;
    case "neverMade":
      return `there is no version of ${why.branches.join(" and ")} to fall back on`;
    case "tooFew":
      return `it needs the newest work of ${why.needed} of its branches, and no more than ${why.there} can be there`;
    default:
      return unreachable(why);
  }
}

function describeLeg(leg: ReadLeg): string {
  switch (leg.state) {
    case "made":
      return "is there";
    case "standing":
      return "was there before";
    case "absent":
      return "has no version";
    case "coming":
    case "lost": {
      const [worst] = [...leg.missing].sort((a, b) => urgency(b) - urgency(a));
      const others = leg.missing.length > 1 ? ` (and ${leg.missing.length - 1} more of its steps)` : "";
      return worst === undefined ? "is there" : `${describeStep(worst)}${others}`;
    }
    default:
      return unreachable(leg.state);
  }
}

/** What tells most about a branch: what failed, then what runs. */
function urgency({ state }: MissingStep): number {
  return ["waiting", "ready", "cancelled", "upstreamFailed", "running", "blocked", "failed"].indexOf(state);
}

function describeStep({ state, message, attempt, startedAt, partition }: MissingStep): string {
  const of = partition === "" ? "" : ` @ ${partition}`;
  const why = message === null ? "" : `: ${message}`;
  switch (state) {
    case "running":
      return `runs${of}, attempt ${attempt}, since ${startedAt?.toISOString() ?? "just now"}`;
    case "ready":
      return `is ready to run${of}${why}`;
    case "waiting":
      return `waits${of} for its own inputs`;
    case "blocked":
      return `was blocked${of} by a gate${why}`;
    case "upstreamFailed":
      return `cannot run${of}, because what it reads failed`;
    default:
      return `${state}${of}${why}`;
  }
}
