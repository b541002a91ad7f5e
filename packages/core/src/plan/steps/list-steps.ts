import type { AssetKey } from "../../values/asset-key.ts";
import { normalizeRanges } from "../../values/ordinal-ranges.ts";
import type { PartitionKey } from "../../values/partitions/partition-key.ts";
import { createPartitionSpace, type PartitionSpace } from "../../values/partitions/partition-space.ts";
import type { Plan, PlannedAsset, RunReason } from "../plan.ts";
import { createRankedSet, type RankedSet } from "../ranked-set.ts";

/** One step of a plan: asset × partition. */
export interface PlanStep {
  /** Counts from 0 within the plan. Whatever a step reads has a smaller one. */
  readonly ordinal: number;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  /** Ordinal of the partition within its asset. */
  readonly partitionOrdinal: number;
  readonly reason: RunReason;
}

/** The steps of one asset: those from `firstStep` on, in the order of their partitions. */
export interface AssetSteps {
  readonly planned: PlannedAsset;
  readonly space: PartitionSpace;
  readonly firstStep: number;
  readonly partitions: RankedSet;
}

/** Steps in the order of their ordinals, made one by one. */
export function* listSteps(plan: Plan): Generator<PlanStep, void, undefined> {
  for (const { planned, space, firstStep } of listAssetSteps(plan)) {
    let ordinal = firstStep;
    for (const { from, to, reason } of listSegments(planned)) {
      for (let partition = from; partition < to; partition++) {
        yield {
          ordinal: ordinal++,
          asset: planned.asset,
          partition: space.keyAt(partition),
          partitionOrdinal: partition,
          reason,
        };
      }
    }
  }
}

/** How a plan numbers its steps. Assets with nothing to run are left out. */
export function listAssetSteps(plan: Plan): readonly AssetSteps[] {
  const plannedAt = new Date(plan.plannedAt);
  let firstStep = 0;
  return plan.assets
    .filter((planned) => planned.run.length > 0)
    .map((planned) => {
      const partitions = createRankedSet(normalizeRanges(planned.run.flatMap((group) => group.partitions)));
      const steps = { planned, space: createPartitionSpace(planned.partitions, plannedAt), firstStep, partitions };
      firstStep += partitions.count;
      return steps;
    });
}

/** Partitions to run with their reasons, ascending. */
function listSegments(
  planned: PlannedAsset,
): readonly { readonly from: number; readonly to: number; readonly reason: RunReason }[] {
  return planned.run
    .flatMap(({ reason, partitions }) => partitions.map(([from, to]) => ({ from, to, reason })))
    .sort((a, b) => a.from - b.from);
}
