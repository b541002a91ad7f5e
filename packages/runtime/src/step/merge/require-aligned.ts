import { WatersmeetError } from "@watersmeet/core/errors";
import { checkAlignment, type AlignmentLeg, type AlignmentProblem, type CutDecision } from "@watersmeet/core/merge";
import { unpartitioned } from "@watersmeet/core/values";
import type { StepWork } from "../step-work.ts";
import { listInputs } from "./describe-legs.ts";
import { findAncestry } from "./find-ancestry.ts";
import type { BoundBranch, BranchRead } from "./list-deliveries.ts";

/**
 * Holds what is to be joined against the rules of a cut (M24). A branch that the merge goes on without, by its own terms, is old on purpose: it is not compared with the others, and
 * the cut names it.
 * @throws {MERGE_CUT_SKEWED} when branches come from different versions of one asset: tried again, since the older one may be on its way
 * @throws {MERGE_CUT_MISALIGNED}
 */
export async function requireAligned(
  work: StepWork,
  branches: readonly BoundBranch[],
  decision: CutDecision,
): Promise<void> {
  const missing = decision.kind === "complete" ? [] : decision.missing;
  const waitedFor = branches.filter(({ compiled }) => !missing.includes(compiled.name));
  const problems = await findProblems(work, waitedFor);
  // What time does not mend is told first.
  const first = problems.find(({ code }) => code !== "MERGE_CUT_SKEWED") ?? problems[0];
  if (first !== undefined) throw toFailure(first, problems);
}

async function findProblems(work: StepWork, branches: readonly BoundBranch[]): Promise<readonly AlignmentProblem[]> {
  const found = await checkWith(work, branches, { withTwins: false });
  const isSkewed = found.some(({ kind }) => kind === "skewed");
  // An input that was made again with the same rows stands for both makings; they are looked for only when it matters.
  return isSkewed ? checkWith(work, branches, { withTwins: true }) : found;
}

async function checkWith(
  work: StepWork,
  branches: readonly BoundBranch[],
  options: { readonly withTwins: boolean },
): Promise<readonly AlignmentProblem[]> {
  const inputs = branches.map(({ reads }) => listInputs(reads));
  const ancestry = [...(await findAncestry(work, inputs, options)).values()];
  const { asset, partition } = work.step;
  const legs = branches.map(({ compiled, reads }, index): AlignmentLeg => {
    return { branch: compiled.name, inputs: inputs[index] ?? [], ancestry, needs: listNeeds(work, reads) };
  });
  return checkAlignment({ asset, partition, legs });
}

/** Something of each input has to be there, but where a mapping may point to before the beginning. */
function listNeeds({ step }: StepWork, reads: readonly BranchRead[]): NonNullable<AlignmentLeg["needs"]> {
  return reads.flatMap(({ source, pinned }) => {
    const { mapping, partitions, input } = source;
    if (pinned.length > 0 || mapping.kind === "last" || mapping.kind === "offset") return [];
    const isSame = mapping.kind === "same" && partitions !== null;
    return [{ asset: input.asset.key, partition: isSame ? step.partition : unpartitioned }];
  });
}

function toFailure(first: AlignmentProblem, all: readonly AlignmentProblem[]): WatersmeetError {
  return new WatersmeetError(first.code, first.message, {
    hint: first.hint,
    details: {
      problems: all.map(({ kind, branches, message, skew }) => ({ kind, branches, message, skew: skew ?? null })),
    },
  });
}
