import type { AssetKey } from "../../values/asset-key.ts";
import type { OrdinalRange } from "../../values/ordinal-ranges.ts";
import type { PartitionKey } from "../../values/partitions/partition-key.ts";
import { createMapping, type PartitionMapping } from "../../values/partitions/partition-mapping.ts";
import { createPartitionSpace, type PartitionSpace } from "../../values/partitions/partition-space.ts";
import type { Plan, PlannedInput } from "../plan.ts";
import { indexOfLast } from "../ranked-set.ts";
import { listAssetSteps, type AssetSteps } from "./list-steps.ts";

/** Half-open range [from, to) of the ordinals of a plan's steps. */
export type StepRange = readonly [from: number, to: number];

/** Neighbouring steps that wait for the same number of other steps. */
export interface PendingRange {
  readonly from: number;
  readonly to: number;
  readonly pending: number;
}

/** One input of one step. */
export interface StepInput {
  readonly position: string;
  readonly asset: AssetKey;
  readonly isOptional: boolean;
  /** What the step reads of the input's partitions: all that are there when it is optional, all of these otherwise. In the order of the input's partitions. */
  readonly partitions: readonly PartitionKey[];
}

/**
 * Who waits for whom in a plan, worked out from ranges when asked: no edge between steps is ever stored.
 *
 * A step may start when its pending counter is 0. Counters start as `listPending` says; when a step has ended well, every range of `downstreamOf` is lowered by
 * one. A pair of assets with two inputs counts twice on both sides.
 */
export interface StepDependencies {
  /** Every step, in ascending ranges without gaps. */
  listPending(): Iterable<PendingRange>;
  /** Steps that wait for this one, one entry per input and range: the same step may be in several. */
  downstreamOf(step: number): readonly StepRange[];
  /** Steps that this one waits for, likewise. */
  upstreamOf(step: number): readonly StepRange[];
  /** What the step reads, planned or pinned, in the order of the asset's inputs, `self` last. */
  inputsOf(step: number): readonly StepInput[];
}

/** @throws {RangeError} from its functions, for a step that the plan has not */
export function createStepDependencies(plan: Plan): StepDependencies {
  const nodes = linkNodes(plan);
  const firstSteps = nodes.map((node) => node.firstStep);
  const locate = (step: number): { readonly node: StepNode; readonly partition: number } => {
    const node = nodes[indexOfLast(firstSteps, step)];
    if (node === undefined) throw new RangeError(`the plan has no step ${step}`);
    return { node, partition: node.partitions.ordinalAt(step - node.firstStep) };
  };
  return {
    *listPending() {
      for (const node of nodes) yield* listPendingOf(node);
    },
    downstreamOf(step) {
      const { node, partition } = locate(step);
      return node.readers.flatMap(({ mapping, reader }) =>
        toSteps(reader, mapping.toDownstream([partition, partition + 1])),
      );
    },
    upstreamOf(step) {
      const { node, partition } = locate(step);
      return node.reads.flatMap(({ mapping, upstream }) =>
        upstream === undefined ? [] : toSteps(upstream, mapping.toUpstream([partition, partition + 1])),
      );
    },
    inputsOf(step) {
      const { node, partition } = locate(step);
      return node.reads.map(({ input, mapping, space }) => ({
        position: input.position,
        asset: input.asset,
        isOptional: input.isOptional,
        partitions: listKeys(space, mapping.toUpstream([partition, partition + 1])),
      }));
    },
  };
}

/** The steps of one asset with their relations. */
interface StepNode extends AssetSteps {
  readonly reads: readonly NodeRead[];
  readonly readers: readonly NodeReader[];
}

interface NodeRead {
  readonly input: PlannedInput;
  readonly mapping: PartitionMapping;
  readonly space: PartitionSpace;
  /** Absent when nothing of the input is planned. */
  readonly upstream: AssetSteps | undefined;
}

interface NodeReader {
  readonly mapping: PartitionMapping;
  readonly reader: AssetSteps;
}

function linkNodes(plan: Plan): readonly StepNode[] {
  const steps = listAssetSteps(plan);
  const stepsOf = new Map(steps.map((one) => [one.planned.asset, one]));
  const readersOf = new Map<AssetKey, NodeReader[]>(steps.map((one) => [one.planned.asset, []]));
  const plannedAt = new Date(plan.plannedAt);
  return steps.map((reader) => {
    const reads = reader.planned.inputs.map((input): NodeRead => {
      const upstream = stepsOf.get(input.asset);
      const space = upstream?.space ?? createPartitionSpace(input.partitions, plannedAt);
      const mapping = createMapping({ mapping: input.mapping, downstream: reader.space, upstream: space });
      readersOf.get(input.asset)?.push({ mapping, reader });
      return { input, mapping, space, upstream };
    });
    return { ...reader, reads, readers: readersOf.get(reader.planned.asset) ?? [] };
  });
}

/** The part of some partitions that is planned: neighbours in the plan are neighbours in its numbering. */
function toSteps({ firstStep, partitions }: AssetSteps, ranges: readonly OrdinalRange[]): readonly StepRange[] {
  const steps: StepRange[] = [];
  for (const [from, to] of ranges) {
    const start = firstStep + partitions.rankOf(from);
    const end = firstStep + partitions.rankOf(to);
    if (start < end) steps.push([start, end]);
  }
  return steps;
}

function* listPendingOf(node: StepNode): Generator<PendingRange, void, undefined> {
  const counters = countPending(node);
  let start = 0;
  for (let index = 1; index <= counters.length; index++) {
    if (index < counters.length && counters[index] === counters[start]) continue;
    yield { from: node.firstStep + start, to: node.firstStep + index, pending: counters[start] ?? 0 };
    start = index;
  }
}

/** By rank of the partition. */
function countPending({ partitions, reads }: StepNode): Uint32Array {
  const counters = new Uint32Array(partitions.count);
  for (const { mapping, upstream } of reads) {
    if (upstream === undefined) continue;
    const count = (ranges: readonly OrdinalRange[]): number =>
      ranges.reduce((sum, [from, to]) => sum + upstream.partitions.rankOf(to) - upstream.partitions.rankOf(from), 0);
    const common = mapping.isConstant ? count(mapping.toUpstream([0, 1])) : undefined;
    let rank = 0;
    for (const [from, to] of partitions.ranges) {
      for (let ordinal = from; ordinal < to; ordinal++, rank++) {
        counters[rank] = (counters[rank] ?? 0) + (common ?? count(mapping.toUpstream([ordinal, ordinal + 1])));
      }
    }
  }
  return counters;
}

function listKeys(space: PartitionSpace, ranges: readonly OrdinalRange[]): readonly PartitionKey[] {
  const keys: PartitionKey[] = [];
  for (const [from, to] of ranges) for (let ordinal = from; ordinal < to; ordinal++) keys.push(space.keyAt(ordinal));
  return keys;
}
