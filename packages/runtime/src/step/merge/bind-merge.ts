import { WatersmeetError } from "@watersmeet/core/errors";
import type { CompiledBranch } from "../../child/protocol.ts";
import type { MergeTerms } from "../../project/project.ts";
import type { CutFrame, LateTerms, StagedBranch, StagedMerge } from "../../stores/port/staged-merge.ts";
import type { Relations } from "../arguments.ts";
import type { StepWork } from "../step-work.ts";
import { bindAuthorFunctions } from "./author-functions.ts";
import { findBaseInputs } from "./base-inputs.ts";
import { describeLegs } from "./describe-legs.ts";
import { withCadence } from "./find-cadence.ts";
import { findScope } from "./find-scope.ts";
import { findWindow } from "./find-window.ts";
import { findInputCommits, type InputCommits } from "./input-commits.ts";
import { bindReads, listDeliveries, type BoundBranch } from "./list-deliveries.ts";
import { requireAligned } from "./require-aligned.ts";

/**
 * What the store is to fold: each branch's deliveries, the terms of the merge, what people decided, and the frame of the cut.
 * @throws {MERGE_POLICY_INVALID} @throws {MERGE_CUT_SKEWED} @throws {MERGE_CUT_MISALIGNED}
 */
export async function bindMerge(
  work: StepWork,
  compiled: readonly CompiledBranch[],
  relations: Relations,
): Promise<StagedMerge> {
  const { step, store } = work;
  const { policy, terms } = termsOf(work);
  const branches = compiled.map((branch) => bindReads(work, branch, relations));
  const commits = await findInputCommits(store, step.inputs);
  const frame = await frameCut(work, branches, commits);
  const base = await findBaseInputs(work, branches);
  const staged: StagedBranch[] = [];
  for (const branch of branches) {
    const { name, columns } = branch.compiled;
    const shrinkPerMille = terms.shrinkPerMille?.[name];
    staged.push({
      name,
      columns,
      ...(await listDeliveries(branch, { work, relations, commits, base })),
      ...(shrinkPerMille === undefined ? {} : { shrinkPerMille }),
    });
  }
  const functions = await bindAuthorFunctions(work, terms);
  const scope = findScope(work, policy);
  return {
    policy,
    baseVersion: step.head?.version ?? null,
    branches: staged,
    orders: step.orders?.orders ?? [],
    ...(scope === null ? {} : { scope }),
    ...(terms.late === null ? {} : { late: lateTerms(work, terms.late) }),
    epochs: terms.epochs,
    reducers: terms.reducers,
    ...(terms.retention === null ? {} : { retention: terms.retention }),
    frame,
    shadowPerMille: work.shadowPerMille,
    ...(functions === undefined ? {} : { functions }),
  };
}

function termsOf({ asset, spec: { policy, merge } }: StepWork): {
  readonly policy: StagedMerge["policy"];
  readonly terms: MergeTerms;
} {
  if (policy !== null && merge !== null) return { policy, terms: merge };
  throw new WatersmeetError("INTERNAL", `merge "${asset.key}" has no policy`);
}

async function frameCut(work: StepWork, branches: readonly BoundBranch[], commits: InputCommits): Promise<CutFrame> {
  const decision = work.step.decision ?? { kind: "complete" };
  await requireAligned(work, branches, decision);
  const window = findWindow(work);
  const required = work.spec.merge?.wait?.required ?? [];
  return {
    codeVersion: work.step.codeVersion,
    decision,
    legs: withCadence(describeLegs(branches, decision), branches, { work, commits }),
    asOf: work.startedAt.toISOString(),
    ...(window === null ? {} : { window: { completeUntil: window.to, required } }),
  };
}

function lateTerms(work: StepWork, policy: LateTerms["policy"]): LateTerms {
  return { policy, asOf: work.startedAt.toISOString(), window: findWindow(work) };
}
