import { normalizeRanges, type OrdinalRange } from "@watersmeet/core/values";
import {
  findStepOf,
  getAssetOf,
  getPartitionOf,
  toStepRanges,
  type RunShape,
  type ShapeAsset,
  type ShapeInput,
} from "../shape/run-shape.ts";

/**
 * Inputs through which what is made can be read while more of it is made. Who reads all of it at once cannot begin before the last of it is there, so holding
 * it back would only hold that one up; nor does an asset that reads its own past drain itself.
 */
function isDrain(input: ShapeInput): boolean {
  return input.from !== null && input.from !== input.to && !input.isBarrier;
}

export function hasDrain(asset: ShapeAsset): boolean {
  return asset.outputs.some(isDrain);
}

/** The steps of the run that read what a step makes, and can begin when they have it. */
export function listReaders(shape: RunShape, step: number): readonly OrdinalRange[] {
  const asset = getAssetOf(shape, step);
  const partition = getPartitionOf(asset, step);
  const ranges = asset.outputs.filter(isDrain).flatMap(({ to, mapping }) => {
    const reader = shape.assets[to];
    if (reader === undefined) return [];
    if (!mapping.isIdentity) return toStepRanges(reader, mapping.toDownstream([partition, partition + 1]));
    const same = findStepOf(reader, partition);
    return same === undefined ? [] : [[same, same + 1] as const];
  });
  return ranges.length > 1 ? normalizeRanges(ranges) : ranges;
}

/** The steps of such assets that a step reads from in that way. */
export function listRead(shape: RunShape, step: number, isBounded: (position: number) => boolean): readonly number[] {
  const asset = getAssetOf(shape, step);
  const partition = getPartitionOf(asset, step);
  const read = new Set<number>();
  for (const input of asset.inputs) {
    const upstream = input.from === null ? undefined : shape.assets[input.from];
    if (upstream === undefined || !isDrain(input) || !isBounded(upstream.position)) continue;
    for (const [from, to] of toStepRanges(upstream, input.mapping.toUpstream([partition, partition + 1]))) {
      for (let each = from; each < to; each++) read.add(each);
    }
  }
  return [...read];
}
