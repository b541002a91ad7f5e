import { normalizeRanges, type OrdinalRange } from "../ordinal-ranges.ts";
import type { Timeline } from "../time/timeline.ts";
import type { PartitionSpace } from "./partition-space.ts";
import type { MappingSpec, TimeGrain } from "./partitions-spec.ts";

/** How one dimension of an upstream space follows one dimension of the downstream space, or none. Results lie inside the space. */
export interface Axis {
  toUpstream(downstream: OrdinalRange): readonly OrdinalRange[];
  /** For an axis that follows nothing: any non-empty result means "every partition". */
  toDownstream(upstream: OrdinalRange): readonly OrdinalRange[];
}

export function createAxis(mapping: MappingSpec, down: PartitionSpace | null, up: PartitionSpace): Axis {
  if (down === null) return createFixedAxis(readUnmatched(mapping, up));
  if (down.time === null || up.time === null) return createKeyAxis(down, up);
  const windows = { down, downTime: down.time.timeline, up, upTime: up.time.timeline };
  if (mapping.kind === "last") return createTrailingAxis(windows, mapping.count);
  return createOverlapAxis(windows, mapping.kind === "offset" ? mapping.by : 0);
}

/** What is read of a dimension that no downstream dimension matches. */
function readUnmatched(mapping: MappingSpec, up: PartitionSpace): OrdinalRange {
  if (mapping.kind === "latest") return [up.size - 1, up.size];
  if (mapping.kind === "last" && up.time !== null) return [up.size - mapping.count, up.size];
  return [0, up.size];
}

function createFixedAxis(fixed: OrdinalRange): Axis {
  return {
    toUpstream: () => clamp(fixed, fixed[1]),
    toDownstream: ([from, to]) => clamp([Math.max(from, fixed[0]), Math.min(to, fixed[1])], fixed[1]),
  };
}

/** Listed keys and buckets: the partition with the same key. */
function createKeyAxis(down: PartitionSpace, up: PartitionSpace): Axis {
  const translate = (from: PartitionSpace, to: PartitionSpace, range: OrdinalRange): readonly OrdinalRange[] => {
    const ranges: OrdinalRange[] = [];
    for (let ordinal = range[0]; ordinal < range[1]; ordinal++) {
      const other = to.ordinalOf(from.keyAt(ordinal));
      if (other !== undefined) ranges.push([other, other + 1]);
    }
    return normalizeRanges(ranges);
  };
  return {
    toUpstream: (range) => translate(down, up, range),
    toDownstream: (range) => translate(up, down, range),
  };
}

interface Windows {
  readonly down: PartitionSpace;
  readonly downTime: Timeline;
  readonly up: PartitionSpace;
  readonly upTime: Timeline;
}

/** The windows that overlap, moved by a number of upstream windows. */
function createOverlapAxis({ down, downTime, up, upTime }: Windows, by: number): Axis {
  return {
    toUpstream(range) {
      const [from, to] = overlap(downTime, upTime, range);
      return clamp([from + by, to + by], up.size);
    },
    toDownstream: ([from, to]) => clamp(overlap(upTime, downTime, [from - by, to - by]), down.size),
  };
}

/** The `count` windows up to and including the last one that overlaps. */
function createTrailingAxis({ down, downTime, up, upTime }: Windows, count: number): Axis {
  const trail = (range: OrdinalRange): OrdinalRange => {
    const [, end] = overlap(downTime, upTime, range);
    return [end - count, end];
  };
  return {
    toUpstream([from, to]) {
      if (from < to && isAtMostAsCoarse(down, up))
        return clamp([trail([from, from + 1])[0], trail([from, to])[1]], up.size);
      // Coarse windows may leave gaps between what they read: the last 7 days of each month.
      const ranges: OrdinalRange[] = [];
      for (let ordinal = from; ordinal < to; ordinal++) ranges.push(...clamp(trail([ordinal, ordinal + 1]), up.size));
      return normalizeRanges(ranges);
    },
    // The last overlapping window of a reader lies in [from, to + count - 1); the reader's own last instant lies in it.
    toDownstream: ([from, to]) =>
      clamp([downTime.ordinalAt(upTime.startOf(from)), downTime.ordinalAt(upTime.startOf(to + count - 1))], down.size),
  };
}

/** Whether the last overlapping windows of neighbours are the same or neighbours. */
function isAtMostAsCoarse({ spec: down }: PartitionSpace, { spec: up }: PartitionSpace): boolean {
  if (down?.kind !== "time" || up?.kind !== "time" || down.timeZone !== up.timeZone) return false;
  return coarseness[down.grain] <= coarseness[up.grain];
}

const coarseness: Readonly<Record<TimeGrain, number>> = { hour: 0, day: 1, week: 2, month: 3 };

function overlap(own: Timeline, other: Timeline, [from, to]: OrdinalRange): OrdinalRange {
  return [other.ordinalAt(own.startOf(from)), other.ordinalAt(own.startOf(to) - 1) + 1];
}

function clamp([from, to]: OrdinalRange, size: number): readonly OrdinalRange[] {
  const start = Math.max(0, from);
  const end = Math.min(to, size);
  return start < end ? [[start, end]] : [];
}
