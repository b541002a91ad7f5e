import { WatersmeetError } from "@watersmeet/core/errors";
import type { Commit } from "../stores/store.ts";
import { decideAdoption } from "./decide-adoption.ts";
import { nameStep, type StepWork } from "./step-work.ts";

/**
 * The commit that another attempt of the same work made, if there is one: its process ended between commit and record, or the head
 * went elsewhere since and is wanted back. Readers see it when this returns.
 * @throws {STORE_STALE} when readers see a version that neither is the commit's nor the one that this step builds on
 */
export async function adoptCommit({ step, store, commitId, target, earlier }: StepWork): Promise<Commit | null> {
  const found = await earlier.find({ step, store, commitId });
  if (found === undefined) return null;
  const [seen] = await store.listHeads(step.environment, step.asset, [step.partition]);
  const [head, base] = [seen?.version ?? null, step.head?.version ?? null];
  const adoption = decideAdoption({ found: found.version, seen: head, base });
  if (adoption === "replay") return { ...found, isReplay: true };
  if (adoption === "move") {
    const { environment, partition } = step;
    // The commit's own id was used up when it was published: a version that comes back a second time must move the head a second time.
    const moveId = `${commitId}:${step.attemptId}`;
    const { version } = found;
    const moved = await store.revert({ environment, asset: target.asset, partition, version, moveId, expected: base });
    // An old commit whose head moves now: the ledger goes by the time of the move.
    return { ...moved, isReplay: true };
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
