import { unreachable } from "../../errors/unreachable.ts";
import { countRanges, normalizeRanges, type OrdinalRange } from "../ordinal-ranges.ts";
import { stableJson } from "../stable-json.ts";
import { createAxis, type Axis } from "./mapping-axis.ts";
import type { PartitionSpace } from "./partition-space.ts";
import type { MappingSpec } from "./partitions-spec.ts";

/** Which partitions of an upstream asset the partitions of a downstream asset read, in both directions, as ranges and never as edges. */
export interface PartitionMapping {
  /** What the partitions read, taken together. Ascending, disjoint. */
  toUpstream(downstream: OrdinalRange): readonly OrdinalRange[];
  /** The partitions that read any of these. Ascending, disjoint. */
  toDownstream(upstream: OrdinalRange): readonly OrdinalRange[];
  /** Every partition reads the one with the same ordinal. */
  readonly isIdentity: boolean;
  /** Every partition reads the same. */
  readonly isConstant: boolean;
  /** Whether a partition may read nothing at all: the first one has no predecessor. */
  readonly mayBeEmpty: boolean;
}

/** A mapping and the two spaces that it connects, both at the same instant. */
export interface MappingOptions {
  readonly mapping: MappingSpec;
  readonly downstream: PartitionSpace;
  readonly upstream: PartitionSpace;
}

/**
 * Dimension by dimension: each dimension of the upstream space follows a matching dimension of the downstream space, or is read whole.
 * Partitions outside the upstream space are absent.
 *
 * @throws {RangeError} when the spaces do not fit together: `findMappingFault` tells why, and the graph has checked it
 */
export function createMapping(options: MappingOptions): PartitionMapping {
  const { mapping, downstream, upstream } = options;
  const mayBeEmpty = mapping.kind === "last" || mapping.kind === "offset";
  if (mapping.kind === "same" && stableJson(downstream.spec) === stableJson(upstream.spec)) {
    return {
      toUpstream: keepRange,
      toDownstream: keepRange,
      isIdentity: true,
      isConstant: upstream.size <= 1,
      mayBeEmpty,
    };
  }
  const axes = matchDimensions(options);
  if (typeof axes === "string") throw new RangeError(axes);
  return {
    toUpstream: (range) => mapUpstream({ axes, downstream, upstream }, range),
    toDownstream: (range) => mapDownstream({ axes, downstream, upstream }, range),
    isIdentity: false,
    isConstant: axes.every((axis) => axis.from === null),
    mayBeEmpty,
  };
}

/** Why the spaces do not fit together under the mapping; `undefined` when they do. */
export function findMappingFault(options: MappingOptions): string | undefined {
  const axes = matchDimensions(options);
  return typeof axes === "string" ? axes : undefined;
}

/** How one upstream dimension is read. */
interface DimensionAxis {
  /** Index of the downstream dimension that it follows; `null` for none. */
  readonly from: number | null;
  readonly axis: Axis;
}

function matchDimensions(options: MappingOptions): readonly DimensionAxis[] | string {
  const { mapping, downstream, upstream } = options;
  const free = new Set(downstream.dimensions.keys());
  const axes = upstream.dimensions.map((up): DimensionAxis => {
    const reading = readingOf(mapping, up, upstream);
    if (reading.kind !== "all" && reading.kind !== "latest") {
      for (const index of free) {
        const down = downstream.dimensions[index];
        if (down === undefined || !isComparable(down, up)) continue;
        free.delete(index);
        return { from: index, axis: createAxis(reading, down, up) };
      }
    }
    return { from: null, axis: createAxis(reading, null, up) };
  });
  return explainMismatch(options, axes) ?? axes;
}
/** In a product with time only time has a latest; its other dimension is read as `same` reads it. */
function readingOf(mapping: MappingSpec, dimension: PartitionSpace, upstream: PartitionSpace): MappingSpec {
  const isBesideTime = dimension.time === null && upstream.dimensions.some((one) => one.time !== null);
  return mapping.kind === "latest" && isBesideTime ? { kind: "same" } : mapping;
}

function isComparable(down: PartitionSpace, up: PartitionSpace): boolean {
  if (down.time !== null || up.time !== null) return down.time !== null && up.time !== null;
  if (down.spec?.kind === "listed" && up.spec?.kind === "listed") {
    const keys = new Set(down.spec.keys);
    return up.spec.keys.some((key) => keys.has(key));
  }
  return down.spec?.kind === "buckets" && up.spec?.kind === "buckets" && down.size === up.size;
}

function explainMismatch(options: MappingOptions, axes: readonly DimensionAxis[]): string | undefined {
  const { mapping, downstream, upstream } = options;
  if (mapping.kind === "all" || mapping.kind === "latest") return undefined;
  const between = `${describeSpace(downstream)} and ${describeSpace(upstream)}`;
  if (mapping.kind === "last" && !(Number.isSafeInteger(mapping.count) && mapping.count >= 1))
    return `Last<${mapping.count}> reads no window`;
  if (mapping.kind === "last" || mapping.kind === "offset") {
    if (!upstream.dimensions.some((up) => up.time !== null))
      return `only time has an earlier and a later: the input is ${describeSpace(upstream)}`;
    const isFollowed = axes.some((one, index) => one.from !== null && upstream.dimensions[index]?.time !== null);
    if (!isFollowed && (mapping.kind === "offset" || downstream.dimensions.length > 0))
      return `${between} have no time in common`;
  }
  const isUpstreamLoose = axes.some((one) => one.from === null);
  const followed = axes.filter((one) => one.from !== null).length;
  const isDownstreamLoose = followed < downstream.dimensions.length;
  return isUpstreamLoose && isDownstreamLoose ? `${between} do not correspond` : undefined;
}

/** A space in words: `daily partitions (UTC)`. */
export function describeSpace({ spec, dimensions }: PartitionSpace): string {
  if (spec === null) return "not partitioned";
  switch (spec.kind) {
    case "time":
      return `${{ hour: "hourly", day: "daily", week: "weekly", month: "monthly" }[spec.grain]} partitions (${spec.timeZone})`;
    case "listed":
      return `listed partitions (${spec.keys.slice(0, 3).join(", ")}${spec.keys.length > 3 ? ", …" : ""})`;
    case "buckets":
      return `${spec.count} buckets`;
    case "product":
      return dimensions.map(describeSpace).join(" × ");
    default:
      return unreachable(spec);
  }
}

function keepRange(range: OrdinalRange): readonly OrdinalRange[] {
  return range[0] < range[1] ? [range] : [];
}

interface CompiledMapping {
  readonly axes: readonly DimensionAxis[];
  readonly downstream: PartitionSpace;
  readonly upstream: PartitionSpace;
}

function mapUpstream({ axes, downstream, upstream }: CompiledMapping, range: OrdinalRange): readonly OrdinalRange[] {
  if (range[0] >= range[1]) return [];
  const ranges = listBoxes(downstream, range).flatMap((box) =>
    flattenBox(
      upstream,
      axes.map(({ from, axis }) => axis.toUpstream(from === null ? nothing : (box[from] ?? nothing))),
    ),
  );
  return normalizeRanges(ranges);
}

function mapDownstream({ axes, downstream, upstream }: CompiledMapping, range: OrdinalRange): readonly OrdinalRange[] {
  if (range[0] >= range[1]) return [];
  const ranges = listBoxes(upstream, range).flatMap((box) => {
    const sides: (readonly OrdinalRange[])[] = downstream.dimensions.map((dimension) => [[0, dimension.size]]);
    for (const [index, { from, axis }] of axes.entries()) {
      const found = axis.toDownstream(box[index] ?? nothing);
      if (from !== null) sides[from] = found;
      else if (countRanges(found) === 0) return [];
    }
    return flattenBox(downstream, sides);
  });
  return normalizeRanges(ranges);
}

const nothing: OrdinalRange = [0, 0];

/** One range per dimension. */
type Box = readonly OrdinalRange[];

/** A range of a product as rectangles: the rest of its first row, whole rows, the beginning of its last row. */
function listBoxes(space: PartitionSpace, [from, to]: OrdinalRange): readonly Box[] {
  const width = space.dimensions[1]?.size;
  if (width === undefined) return space.dimensions.length === 0 ? [[]] : [[[from, to]]];
  const boxes: Box[] = [];
  for (let next = from; next < to;) {
    const row = Math.floor(next / width);
    const column = next % width;
    const rows = column === 0 ? Math.max(1, Math.floor((to - next) / width)) : 1;
    const columnEnd = rows > 1 ? width : Math.min(width, column + to - next);
    boxes.push([
      [row, row + rows],
      [column, columnEnd],
    ]);
    next = (row + rows - 1) * width + columnEnd;
  }
  return boxes;
}

/** The ordinals of a rectangle. */
function flattenBox(space: PartitionSpace, sides: readonly (readonly OrdinalRange[])[]): readonly OrdinalRange[] {
  const [firsts, seconds] = sides;
  if (firsts === undefined) return [[0, 1]];
  const width = space.dimensions[1]?.size;
  if (seconds === undefined || width === undefined) return firsts;
  if (countRanges(seconds) === width) return firsts.map(([from, to]): OrdinalRange => [from * width, to * width]);
  const ranges: OrdinalRange[] = [];
  for (const [from, to] of firsts) {
    for (let row = from; row < to; row++) {
      for (const [start, end] of seconds) ranges.push([row * width + start, row * width + end]);
    }
  }
  return ranges;
}
