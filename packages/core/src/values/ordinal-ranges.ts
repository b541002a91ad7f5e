/**
 * Half-open range [from, to) of partition ordinals of one asset. A set of partitions is a list of ranges: sorted, disjoint, not touching,
 * none empty. Never a list of keys.
 */
export type OrdinalRange = readonly [from: number, to: number];

/** The set with the members of all ranges, which may overlap and come in any order; empty ranges are dropped. */
export function normalizeRanges(ranges: readonly OrdinalRange[]): readonly OrdinalRange[] {
  if (ranges.length === 0) return ranges;
  if (ranges.length === 1) return isEmptyRange(ranges[0]) ? [] : ranges;
  const sorted = ranges.filter((range) => !isEmptyRange(range)).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const merged: OrdinalRange[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last === undefined || range[0] > last[1]) merged.push(range);
    else if (range[1] > last[1]) merged[merged.length - 1] = [last[0], range[1]];
  }
  return merged;
}

/** The members of both sets. */
export function intersectRanges(a: readonly OrdinalRange[], b: readonly OrdinalRange[]): readonly OrdinalRange[] {
  const common: OrdinalRange[] = [];
  let i = 0;
  let j = 0;
  for (let x = a[i], y = b[j]; x !== undefined && y !== undefined; x = a[i], y = b[j]) {
    const from = Math.max(x[0], y[0]);
    const to = Math.min(x[1], y[1]);
    if (from < to) common.push([from, to]);
    if (x[1] < y[1]) i++;
    else j++;
  }
  return common;
}

/** The members of `a` that are not in `b`. */
export function subtractRanges(a: readonly OrdinalRange[], b: readonly OrdinalRange[]): readonly OrdinalRange[] {
  const rest: OrdinalRange[] = [];
  for (const [from, to] of a) {
    let next = from;
    for (const [cutFrom, cutTo] of b) {
      if (cutFrom >= to) break;
      if (cutTo <= next) continue;
      if (cutFrom > next) rest.push([next, cutFrom]);
      next = cutTo;
    }
    if (next < to) rest.push([next, to]);
  }
  return rest;
}

/** How many members a set has. */
export function countRanges(ranges: readonly OrdinalRange[]): number {
  let count = 0;
  for (const [from, to] of ranges) count += to - from;
  return count;
}

/** Whether an ordinal is a member, in logarithmic time. */
export function hasOrdinal(ranges: readonly OrdinalRange[], ordinal: number): boolean {
  const range = ranges[indexOfRangeAfter(ranges, ordinal) - 1];
  return range !== undefined && ordinal < range[1];
}

/** Every member, ascending. */
export function* listOrdinals(ranges: readonly OrdinalRange[]): Generator<number, void, undefined> {
  for (const [from, to] of ranges) for (let ordinal = from; ordinal < to; ordinal++) yield ordinal;
}

function isEmptyRange(range: OrdinalRange | undefined): boolean {
  return range === undefined || range[0] >= range[1];
}

/** Index of the first range that starts after `ordinal`. */
function indexOfRangeAfter(ranges: readonly OrdinalRange[], ordinal: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const range = ranges[middle];
    if (range !== undefined && range[0] <= ordinal) low = middle + 1;
    else high = middle;
  }
  return low;
}
