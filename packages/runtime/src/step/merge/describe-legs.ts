import type { CutDecision, CutInput } from "@watersmeet/core/merge";
import { compareStrings } from "@watersmeet/core/values";
import type { CutFrame } from "../../stores/port/staged-merge.ts";
import type { InputVersion } from "../step.ts";
import type { BoundBranch, BranchRead } from "./list-deliveries.ts";

type Leg = CutFrame["legs"][string];

/** What each branch brings to the cut, as far as the step knows it: the store adds what it finds in the batches. */
export function describeLegs(branches: readonly BoundBranch[], decision: CutDecision): CutFrame["legs"] {
  const missing = decision.kind === "complete" ? [] : decision.missing;
  return Object.fromEntries(
    branches.map(({ compiled: { name }, reads }): [string, Leg] => {
      const inputs = listInputs(reads);
      const isMissing = inputs.length === 0 && reads.length > 0;
      const gaps = reads.flatMap(listGaps);
      return [name, { inputs, isLastGood: missing.includes(name), gaps, ...(isMissing ? { state: "missing" } : {}) }];
    }),
  );
}

/** Pinned versions of a branch, each once, ordered by asset and partition. */
export function listInputs(reads: readonly BranchRead[]): readonly CutInput[] {
  const inputs = new Map(reads.flatMap(({ pinned }) => pinned).map((input) => [input.commitId, toCutInput(input)]));
  return [...inputs.values()].sort(
    (a, b) => compareStrings(a.asset, b.asset) || compareStrings(a.partition, b.partition) || a.version - b.version,
  );
}

export function toCutInput({ asset, partition, version, commitId, dataDigest }: InputVersion): CutInput {
  return { asset, partition, version, commitId, dataDigest };
}

/** Windows of a source of which nothing is there, though something of a later one is. A source that does not go by time has no gaps. */
function listGaps({ space, pinned }: BranchRead): Leg["gaps"] {
  if (space.time === null) return [];
  const ordinals = pinned.map(({ partition }) => space.ordinalOf(partition)).filter((ordinal) => ordinal !== undefined);
  return ordinals.flatMap((ordinal, index) => {
    const before = ordinals[index - 1];
    if (before === undefined || ordinal - before <= 1) return [];
    const [from, to] = [space.windowOf(before + 1)?.start, space.windowOf(ordinal)?.start];
    return from === undefined || to === undefined ? [] : [{ from, to }];
  });
}
