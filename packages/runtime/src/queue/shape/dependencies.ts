import {
  countRanges,
  hasOrdinal,
  listOrdinals,
  normalizeRanges,
  subtractRanges,
  type OrdinalRange,
  type PartitionKey,
} from "@watersmeet/core/values";
import {
  getAssetOf,
  getPartitionOf,
  toPartitionRanges,
  toStepRanges,
  type RunShape,
  type ShapeAsset,
  type ShapeInput,
} from "./run-shape.ts";

export interface NewStep {
  readonly ordinal: number;
  readonly partition: PartitionKey;
  /** Index of the group in `planned.run`. */
  readonly reason: number;
  /** What it waits for. */
  readonly pending: number;
}

/** The steps of an asset as they begin, by ordinal; `isDone` tells which steps of the run have ended well already. */
export function* listNewSteps(
  shape: RunShape,
  asset: ShapeAsset,
  isDone?: (ordinal: number) => boolean,
): Generator<NewStep, void, undefined> {
  const counters = asset.inputs.flatMap((input) => createWaitCounter(shape, input, isDone) ?? []);
  const reasonOf = indexReasons(asset);
  let ordinal = asset.firstStep;
  for (const partition of listOrdinals(asset.partitions.ranges)) {
    let pending = 0;
    for (const countWaits of counters) pending += countWaits(partition);
    yield { ordinal, partition: asset.space.keyAt(partition), reason: reasonOf(partition), pending };
    ordinal += 1;
  }
}

/** How many steps of one input a partition waits for; `null` when this run makes nothing of the input. */
function createWaitCounter(
  shape: RunShape,
  input: ShapeInput,
  isDone: ((ordinal: number) => boolean) | undefined,
): ((partition: number) => number) | null {
  const upstream = input.from === null ? undefined : shape.assets[input.from];
  if (upstream === undefined) return null;
  const countOpen = (steps: readonly OrdinalRange[]): number => {
    if (isDone === undefined) return countRanges(steps);
    let count = 0;
    for (const step of listOrdinals(steps)) if (!isDone(step)) count += 1;
    return count;
  };
  if (input.isBarrier) {
    const waits = countOpen([stepsOf(upstream)]) > 0 ? 1 : 0;
    return () => waits;
  }
  return (partition) => countOpen(toStepRanges(upstream, input.mapping.toUpstream([partition, partition + 1])));
}

/** Index of the group in `planned.run` that a partition belongs to. */
export function indexReasons(asset: ShapeAsset): (partition: number) => number {
  const groups = asset.planned.run;
  if (groups.length === 1) return () => 0;
  return (partition) =>
    Math.max(
      0,
      groups.findIndex((group) => hasOrdinal(group.partitions, partition)),
    );
}

/**
 * Merges that may have to decide, because these steps of their branches have ended, well or badly. A branch that is read as a whole by every partition tells
 * them when it is closed, and when something of it ends badly.
 */
export function listTouchedMerges(
  shape: RunShape,
  ended: { readonly good: readonly number[]; readonly bad: readonly number[]; readonly closed: readonly number[] },
): readonly OrdinalRange[] {
  if (!shape.hasLegs) return [];
  const ranges: OrdinalRange[] = [];
  for (const ordinal of [...ended.good, ...ended.bad]) {
    const asset = getAssetOf(shape, ordinal);
    const partition = getPartitionOf(asset, ordinal);
    for (const [downstream, output] of listLegReaders(shape, asset)) {
      if (output.isBarrier) continue;
      ranges.push(...toStepRanges(downstream, output.mapping.toDownstream([partition, partition + 1])));
    }
  }
  const whole = new Set([...ended.closed, ...ended.bad.map((ordinal) => getAssetOf(shape, ordinal).position)]);
  for (const position of whole) {
    const asset = shape.assets[position];
    for (const [downstream, output] of asset === undefined ? [] : listLegReaders(shape, asset)) {
      if (output.isBarrier) ranges.push(stepsOf(downstream));
    }
  }
  return normalizeRanges(ranges);
}

function* listLegReaders(shape: RunShape, asset: ShapeAsset): Generator<readonly [ShapeAsset, ShapeInput]> {
  for (const output of asset.outputs) {
    const downstream = output.isLeg ? shape.assets[output.to] : undefined;
    if (downstream !== undefined) yield [downstream, output];
  }
}

/** All steps of an asset. */
export function stepsOf(asset: ShapeAsset): OrdinalRange {
  return [asset.firstStep, asset.firstStep + asset.partitions.count];
}

/** Every step that cannot run because these did not succeed, along required edges, as ranges of step ordinals. Not the steps themselves. */
export function listDescendants(shape: RunShape, failed: readonly number[]): readonly OrdinalRange[] {
  const lost = new Map<number, readonly OrdinalRange[]>();
  for (const ordinal of failed) {
    const asset = getAssetOf(shape, ordinal);
    lost.set(asset.position, normalizeRanges([...(lost.get(asset.position) ?? []), [ordinal, ordinal + 1]]));
  }
  const roots = new Map(lost);
  for (const asset of shape.assets) {
    for (let isGrowing = true; isGrowing;) isGrowing = loseReaders(shape, asset, lost);
  }
  const ranges = [...lost].flatMap(([position, steps]) => subtractRanges(steps, roots.get(position) ?? []));
  return normalizeRanges(ranges);
}

/** Adds what this asset loses; true when it grew and reads itself, so that there may be more. */
function loseReaders(shape: RunShape, asset: ShapeAsset, lost: Map<number, readonly OrdinalRange[]>): boolean {
  const before = lost.get(asset.position) ?? [];
  let steps = before;
  for (const input of asset.inputs) {
    const upstream = input.from === null ? undefined : shape.assets[input.from];
    const lostUpstream = input.from === null ? undefined : lost.get(input.from);
    if (upstream === undefined || lostUpstream === undefined || input.planned.isOptional || input.isLeg) continue;
    const partitions = toPartitionRanges(upstream, lostUpstream).flatMap((range) => input.mapping.toDownstream(range));
    steps = normalizeRanges([...steps, ...toStepRanges(asset, normalizeRanges(partitions))]);
  }
  if (steps.length > 0) lost.set(asset.position, steps);
  const readsItself = asset.inputs.some((input) => input.from === asset.position);
  return readsItself && countRanges(steps) > countRanges(before);
}
