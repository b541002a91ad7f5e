import type { Plan } from "@watersmeet/core/plan";
import { countRanges } from "@watersmeet/core/values";

/** Mean time of a step, in ms, by asset; without the assets that never ran. */
export type StepDurations = ReadonlyMap<string, number>;

/**
 * How long a plan should take, in ms, from what its assets' steps took before: all work spread over the places there are, and at
 * least one step of each asset after the other. Assets that never ran count like the mean of those that did; `null` when none did.
 */
export function estimateDuration(plan: Plan, durations: StepDurations, parallel: number): number | null {
  if (durations.size === 0) return null;
  const known = [...durations.values()];
  const mean = known.reduce((total, ms) => total + ms, 0) / known.length;
  const running = plan.assets.map(({ asset, run }) => ({
    asset,
    stepCount: run.reduce((total, { partitions }) => total + countRanges(partitions), 0),
  }));
  const stepMs = (asset: string): number => durations.get(asset) ?? mean;
  const workMs = running.reduce((total, { asset, stepCount }) => total + stepCount * stepMs(asset), 0);
  const chainMs = running.reduce((total, { asset, stepCount }) => total + (stepCount > 0 ? stepMs(asset) : 0), 0);
  return Math.max(workMs / parallel, chainMs);
}
