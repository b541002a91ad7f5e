/** Numbers that a seed decides: mulberry32, which is quick and good enough to choose faults by. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** Whole, in [from, to]. */
  between(from: number, to: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly [T, ...T[]]): T;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    between: (from, to) => from + Math.floor(next() * (to - from + 1)),
    // A fault that never happens takes nothing from the row of numbers: dropping it leaves the others where they are.
    chance: (probability) => probability > 0 && next() < probability,
    pick: (items) => items[Math.floor(next() * items.length)] ?? items[0],
  };
}

/** A short name for what parts come to: equal parts, equal name. Not for adversaries. */
export function nameOf(...parts: readonly (string | number)[]): string {
  let [a, b] = [0x81_1c_9d_c5, 0x1b_87_35_93];
  for (const part of parts) {
    const text = String(part);
    for (let index = 0; index <= text.length; index++) {
      const unit = index < text.length ? text.charCodeAt(index) : 0x1f;
      a = Math.imul(a ^ unit, 0x01_00_01_93);
      b = Math.imul(b ^ unit, 0x85_eb_ca_6b) ^ (b >>> 13);
    }
  }
  return (a >>> 0).toString(36) + (b >>> 0).toString(36);
}
