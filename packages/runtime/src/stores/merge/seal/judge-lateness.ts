import { amendmentsLeft, lateBase, lateBounds, treatLate, type LateClass, type PastCut } from "@watersmeet/core/merge";
import type { StagedMerge } from "../../port/staged-merge.ts";
import type { StoredBounds } from "../catalog/batches.ts";
import type { CatalogCut } from "../catalog/cuts.ts";
import type { LateBound, LateJudgement } from "./seal-context.ts";

/** What is late of a branch of a merge that builds on a cut. `history`: cuts of the partition, for the cap on amendments. */
export function judgeLateness(
  merge: Pick<StagedMerge, "late" | "retention">,
  { base, history }: { readonly base: CatalogCut | undefined; readonly history: readonly PastCut[] },
  branch: string,
): LateJudgement {
  if (merge.late === undefined) return { latestTime: null, bounds: [] };
  const { asOf, policy, window } = merge.late;
  const bounds = lateBounds({
    policy,
    asOf,
    window,
    base: lateBase(base?.cut ?? null, branch),
    keepMs: merge.retention?.keepMs ?? null,
  });
  const left = amendmentsLeft(history, policy, asOf);
  const bound = (name: LateBound["class"], before: bigint): LateBound => ({
    class: name,
    before,
    treatment: treatLate(name, policy, left),
  });
  const ordered = [
    bound("closed", bounds.closedBeforeUs),
    bound("beyondHorizon", bounds.horizonFromUs),
    bound("beyondGrace", bounds.graceFromUs),
    bound("inGrace", bounds.onTimeFromUs),
  ];
  // Nothing is before the least time that a row can have.
  return { latestTime: bounds.futureAfterUs, bounds: ordered.filter(({ before }) => before > leastTime) };
}

const leastTime = -(2n ** 63n) + 1n;

/** The class of a sealed contribution, by the bounds that its batch was judged by. */
export function classOf(at: bigint | null, bounds: StoredBounds | null): LateClass {
  if (at === null || bounds === null) return "onTime";
  const classes = ["closed", "beyondHorizon", "beyondGrace", "inGrace"] as const;
  return classes.find((name) => bounds[name] !== undefined && at < BigInt(bounds[name])) ?? "onTime";
}

/** In the form that is kept with a batch. */
export function storeBounds({ bounds }: LateJudgement): StoredBounds | null {
  if (bounds.length === 0) return null;
  return Object.fromEntries(bounds.map((bound) => [bound.class, String(bound.before)]));
}
