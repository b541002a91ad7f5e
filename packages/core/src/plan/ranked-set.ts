import type { OrdinalRange } from "../values/ordinal-ranges.ts";

/** A set of ordinals whose members are numbered 0, 1, 2 … in ascending order. Every question takes logarithmic time in the number of ranges. */
export interface RankedSet {
  readonly ranges: readonly OrdinalRange[];
  readonly count: number;
  /** How many members are smaller than `ordinal`: the number of `ordinal` itself when it is a member. */
  rankOf(ordinal: number): number;
  has(ordinal: number): boolean;
  /** The member with this number. @throws {RangeError} when there is none */
  ordinalAt(rank: number): number;
}

/** `ranges` are ascending and disjoint. */
export function createRankedSet(ranges: readonly OrdinalRange[]): RankedSet {
  const froms = ranges.map(([from]) => from);
  const ranks: number[] = [];
  let count = 0;
  for (const [from, to] of ranges) {
    ranks.push(count);
    count += to - from;
  }
  const rankOf = (ordinal: number): number => {
    const index = indexOfLast(froms, ordinal);
    const range = ranges[index];
    return range === undefined ? 0 : (ranks[index] ?? 0) + Math.min(ordinal, range[1]) - range[0];
  };
  return {
    ranges,
    count,
    rankOf,
    has(ordinal) {
      const range = ranges[indexOfLast(froms, ordinal)];
      return range !== undefined && ordinal < range[1];
    },
    ordinalAt(rank) {
      const index = indexOfLast(ranks, rank);
      const range = ranges[index];
      if (range === undefined || rank >= count)
        throw new RangeError(`the set has ${count} members, none with number ${rank}`);
      return range[0] + rank - (ranks[index] ?? 0);
    },
  };
}

/** Index of the last of some ascending numbers that is at most `value`; -1 for none. */
export function indexOfLast(ascending: readonly number[], value: number): number {
  let low = -1;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((ascending[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
