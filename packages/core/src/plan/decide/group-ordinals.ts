import type { OrdinalRange } from "../../values/ordinal-ranges.ts";

export interface CodedGroup {
  readonly code: number;
  readonly partitions: readonly OrdinalRange[];
}

/** Puts ordinals with the same code together, as ranges; groups in the order of their first ordinal. A negative code leaves an ordinal out. */
export function groupOrdinals(
  among: readonly OrdinalRange[],
  codeOf: (ordinal: number) => number,
): readonly CodedGroup[] {
  const groups = new Map<number, [number, number][]>();
  for (const [from, to] of among) {
    for (let ordinal = from; ordinal < to; ordinal++) {
      const code = codeOf(ordinal);
      if (code < 0) continue;
      const ranges = groups.get(code);
      const last = ranges?.at(-1);
      if (ranges === undefined) groups.set(code, [[ordinal, ordinal + 1]]);
      else if (last?.[1] === ordinal) last[1] = ordinal + 1;
      else ranges.push([ordinal, ordinal + 1]);
    }
  }
  return [...groups].map(([code, partitions]) => ({ code, partitions }));
}
