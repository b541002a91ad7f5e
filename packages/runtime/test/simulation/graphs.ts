import type { AssetKey, MappingSpec } from "@watersmeet/core/values";
import { listOrdinals, type PartitionKey } from "@watersmeet/core/values";
import { listNewSteps } from "../../src/queue/shape/dependencies.ts";
import {
  buildRunShape,
  getAssetOf,
  getPartitionOf,
  toStepRanges,
  type RunShape,
} from "../../src/queue/shape/run-shape.ts";
import type { StoredAsset } from "../../src/stores/port/staging.ts";
import { planOf, type AssetSketch } from "../worker/test-plans.ts";
import { createRandom } from "./random.ts";
import { graphCount } from "./scenario.ts";

/** A graph with everything that a simulation asks of it again and again worked out once. */
export interface SimulatedGraph {
  readonly shape: RunShape;
  readonly steps: readonly SimulatedStep[];
}

export interface SimulatedStep {
  readonly ordinal: number;
  /** Index of the asset in the shape. */
  readonly position: number;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly stored: StoredAsset;
  /** What it waits for at first, as the queue counts it. */
  readonly pending: number;
  /** Steps that it reads. */
  readonly upstream: readonly number[];
  /** Those of them that it cannot do without. */
  readonly required: readonly number[];
}

/** Two to five assets of one to three partitions are enough: what goes wrong at all goes wrong in the small. */
export function createGraphs(): readonly SimulatedGraph[] {
  const sizes = Array.from({ length: graphCount }, (_, index) => 2 + Math.floor((index / graphCount) * 4));
  return sizes.map((size, index) => createGraph(drawSketches(index + 1, size)));
}

function drawSketches(seed: number, size: number): readonly AssetSketch[] {
  const random = createRandom(seed);
  const partitions = Array.from({ length: size }, () => random.between(1, 3));
  return partitions.map((count, index) => {
    const inputs = Array.from({ length: index }, (_, upstream) => upstream)
      .filter(() => random.chance(0.6))
      .map((upstream) => {
        const isAligned = partitions[upstream] === count && count > 1;
        const mapping: MappingSpec = isAligned && random.chance(0.6) ? { kind: "same" } : { kind: "all" };
        return { from: `a${upstream}`, mapping, isOptional: random.chance(0.15) };
      });
    return { key: `a${index}`, inputs, ...(count > 1 ? { partitions: count } : {}) };
  });
}

function createGraph(sketches: readonly AssetSketch[]): SimulatedGraph {
  const shape = buildRunShape(planOf(sketches), () => null);
  const steps = shape.assets.flatMap((asset) =>
    [...listNewSteps(shape, asset)].map(({ ordinal, partition, pending }): SimulatedStep => {
      const own = getPartitionOf(getAssetOf(shape, ordinal), ordinal);
      const reads = asset.inputs.flatMap((input) => {
        const from = input.from === null ? undefined : shape.assets[input.from];
        const ranges = from === undefined ? [] : toStepRanges(from, input.mapping.toUpstream([own, own + 1]));
        return [...listOrdinals(ranges)].map((upstream) => ({ upstream, isOptional: input.planned.isOptional }));
      });
      return {
        ordinal,
        position: asset.position,
        asset: asset.key,
        partition,
        stored: { key: asset.key, schema: { columns: [] }, isPartitioned: asset.partitions.count > 1 },
        pending,
        upstream: reads.map((read) => read.upstream),
        required: reads.filter((read) => !read.isOptional).map((read) => read.upstream),
      };
    }),
  );
  return { shape, steps };
}
