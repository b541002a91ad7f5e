import type { Staged } from "../../stores/store.ts";
import { isMadeFrom } from "../identify-work.ts";
import type { StepWork } from "../step-work.ts";

/**
 * Whether a merge that was made again joins just what the version that readers see joins: then there is nothing to publish (L13). A version that was made from something
 * else is published even when it joins the same, as with an order that changes nothing: it says what it was made from, and is not stale any more.
 */
export async function isSameCut({ step, store, asset, identity }: StepWork, { cut }: Staged): Promise<boolean> {
  if (cut === undefined || step.head === null) return false;
  const { version, commitId } = step.head;
  const [head] = await store.findCommits([commitId]);
  if (head === undefined || !isMadeFrom(head, identity, asset)) return false;
  const { partition } = step;
  const [served] = await store.merges.listCuts({ asset: asset.key, partition, version, limit: 1 });
  return served?.cutId === cut.cutId;
}
