import type { WaitPolicy } from "@watersmeet/core";
import { listAssetSteps, type AssetSteps, type Plan, type PlannedInput } from "@watersmeet/core/plan";
import {
  countRanges,
  createMapping,
  createPartitionSpace,
  intersectRanges,
  normalizeRanges,
  type AssetKey,
  type OrdinalRange,
  type PartitionMapping,
  type PartitionSpace,
} from "@watersmeet/core/values";

/**
 * The steps of a run and who waits for whom, worked out from the stored plan. Steps are numbered asset by asset in the order of the plan, so the
 * partitions of an asset are ranges of step ordinals and dependencies stay arithmetic: no edge is ever a row.
 */
export interface RunShape {
  readonly plan: Plan;
  /** Assets that have steps, in a topological order. */
  readonly assets: readonly ShapeAsset[];
  readonly stepCount: number;
  /** Whether a merge of the run may go on without one of its branches. */
  readonly hasLegs: boolean;
}

export interface ShapeAsset extends AssetSteps {
  /** Index in `assets`. */
  readonly position: number;
  readonly key: AssetKey;
  /** What it reads, in the order of the manifest's positions; its own past last. */
  readonly inputs: readonly ShapeInput[];
  /** Inputs of assets of this run that read it. */
  readonly outputs: readonly ShapeInput[];
  /** Of a merge: how it waits for its branches; `null`: not a merge. */
  readonly wait: WaitPolicy | null;
}

export interface ShapeInput {
  readonly planned: PlannedInput;
  readonly mapping: PartitionMapping;
  readonly upstreamSpace: PartitionSpace;
  /** Position of the upstream in `assets`, if it has steps in this run. */
  readonly from: number | null;
  readonly to: number;
  /**
   * Every partition reads all that this run makes of the upstream: the downstream waits for one thing, the end of the upstream's last step, and counts
   * it once. A thousand partitions that each wait for a thousand others are a thousand counters of 1, lowered once.
   */
  readonly isBarrier: boolean;
  /**
   * A branch that its merge may go on without, under its terms: the end of a branch that ended badly neither takes the merge with it nor releases it.
   * `merge-wait/` decides.
   */
  readonly isLeg: boolean;
}

/** `waitOf`: how merges wait; `null` for what is none. */
export function buildRunShape(plan: Plan, waitOf: (asset: AssetKey) => WaitPolicy | null): RunShape {
  const steps = listAssetSteps(plan);
  const positions = new Map(steps.map((one, position) => [one.planned.asset, position]));
  const plannedAt = new Date(plan.plannedAt);
  const waits = steps.map(({ planned }) => waitOf(planned.asset));
  const inputs = steps.flatMap((downstream, to) =>
    downstream.planned.inputs.map((planned): ShapeInput => {
      const from = positions.get(planned.asset) ?? null;
      const upstream = from === null ? undefined : steps[from];
      const upstreamSpace = upstream?.space ?? createPartitionSpace(planned.partitions, plannedAt);
      const mapping = createMapping({
        mapping: planned.mapping,
        downstream: downstream.space,
        upstream: upstreamSpace,
      });
      const isBarrier = upstream !== undefined && readsEverything(mapping, { downstream, upstream });
      const isLeg = from !== null && from !== to && isPatient(waits[to] ?? null);
      return { planned, mapping, upstreamSpace, from, to, isBarrier, isLeg };
    }),
  );
  const inputsByReader = Map.groupBy(inputs, (input) => input.to);
  const outputsByMaker = Map.groupBy(inputs, (input) => input.from);
  const assets = steps.map((one, position) => ({
    ...one,
    position,
    key: one.planned.asset,
    inputs: inputsByReader.get(position) ?? [],
    outputs: outputsByMaker.get(position) ?? [],
    wait: waits[position] ?? null,
  }));
  const stepCount = steps.reduce((sum, one) => sum + one.partitions.count, 0);
  return { plan, assets, stepCount, hasLegs: inputs.some((input) => input.isLeg) };
}

/** Whether a merge may ever go on without all of its branches. */
function isPatient(wait: WaitPolicy | null): boolean {
  return wait !== null && (wait.quorum !== null || wait.deadlineMs !== null);
}

function readsEverything(
  mapping: PartitionMapping,
  ends: { readonly downstream: AssetSteps; readonly upstream: AssetSteps },
): boolean {
  const { downstream, upstream } = ends;
  if (!mapping.isConstant || mapping.isIdentity || upstream.partitions.count < 2) return false;
  const read = intersectRanges(mapping.toUpstream([0, downstream.space.size]), upstream.partitions.ranges);
  return countRanges(read) === upstream.partitions.count;
}

/** The asset that a step belongs to. @throws {RangeError} when the run has no such step */
export function getAssetOf(shape: RunShape, ordinal: number): ShapeAsset {
  let low = 0;
  let high = shape.assets.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((shape.assets[middle]?.firstStep ?? Number.POSITIVE_INFINITY) <= ordinal) low = middle;
    else high = middle - 1;
  }
  const asset = shape.assets[low];
  if (asset === undefined || ordinal < 0 || ordinal >= shape.stepCount)
    throw new RangeError(`the run has no step ${ordinal}`);
  return asset;
}

/** Partition ordinal of a step. */
export function getPartitionOf(asset: ShapeAsset, ordinal: number): number {
  return asset.partitions.ordinalAt(ordinal - asset.firstStep);
}

/** Step that makes a partition, if this run makes it. */
export function findStepOf(asset: ShapeAsset, partition: number): number | undefined {
  return asset.partitions.has(partition) ? asset.firstStep + asset.partitions.rankOf(partition) : undefined;
}

/** The steps that make any of these partitions: neighbours among the partitions are neighbours among the steps. */
export function toStepRanges(asset: ShapeAsset, partitions: readonly OrdinalRange[]): readonly OrdinalRange[] {
  const ranges = partitions.map(([from, to]): OrdinalRange => [
    asset.firstStep + asset.partitions.rankOf(from),
    asset.firstStep + asset.partitions.rankOf(to),
  ]);
  return normalizeRanges(ranges);
}

/** The partitions that steps of one asset make. */
export function toPartitionRanges(asset: ShapeAsset, steps: readonly OrdinalRange[]): readonly OrdinalRange[] {
  const ranges: OrdinalRange[] = [];
  let first = asset.firstStep;
  for (const [from, to] of asset.partitions.ranges) {
    for (const [start, end] of intersectRanges(steps, [[first, first + to - from]])) {
      ranges.push([from + start - first, from + end - first]);
    }
    first += to - from;
  }
  return normalizeRanges(ranges);
}
