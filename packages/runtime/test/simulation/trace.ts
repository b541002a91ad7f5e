/** A number for everything that has happened, in its order: two simulations that did the same have the same. */
export interface Trace {
  add(...values: readonly number[]): void;
  hash(): string;
  count(): number;
}

export function createTrace(): Trace {
  let [hash, count] = [0x81_1c_9d_c5, 0];
  return {
    add(...values) {
      count += 1;
      for (const value of values) hash = Math.imul(hash ^ value, 0x01_00_01_93) ^ (hash >>> 15);
    },
    hash: () => (hash >>> 0).toString(16).padStart(8, "0"),
    count: () => count,
  };
}
