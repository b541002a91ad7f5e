import { WatersmeetError } from "@watersmeet/core/errors";
import type { Commit } from "../stores/store.ts";
import { nameStep, type StepWork } from "./step-work.ts";

/**
 * The commit that another attempt of the same work made, if there is one: its process ended between commit and record, or the head
 * went elsewhere since and is wanted back. Readers see it when this returns.
 * @throws {STORE_STALE} when readers see a version that neither is the commit's nor the one that this step builds on
 */
export async function adoptCommit({ step, store, commitId, target }: StepWork): Promise<Commit | null> {
  const [found] = await store.findCommits([commitId]);
  if (found === undefined) return null;
  const heads = await store.listHeads(step.environment, step.asset);
  const head = heads.find(({ partition }) => partition === step.partition)?.version ?? null;
  if (head === found.version) return { ...found, isReplay: true };
  if (head === (step.head?.version ?? null)) {
    const { environment, partition } = step;
    return store.revert({ environment, asset: target.asset, partition, version: found.version, commitId });
  }
  throw new WatersmeetError(
    "STORE_STALE",
    `readers of ${nameStep(step)} see version ${head ?? "none"}, which this step was not built on`,
    {
      hint: "Another run has published meanwhile; the step is tried again on what it left.",
      details: { expected: step.head?.version ?? null, found: head },
    },
  );
}
