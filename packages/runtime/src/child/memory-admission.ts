/** What children may use together, by what work of each name has used before. */
export interface MemoryAdmission {
  /** Whether work may start beside what has started. Alone it always may: whatever it needs, waiting would not help. */
  mayStart(name: string | null): boolean;
  started(name: string | null): void;
  /** `peakBytes`: what its process used at most, or `null` when that is not known. */
  ended(name: string | null, peakBytes: number | null): void;
}

export interface MemoryOptions {
  /** Of all children together. */
  readonly budgetBytes: number;
  /** What work is taken to need that has not been seen yet. */
  readonly unknownBytes: number;
}

/** A need is remembered as the greatest that was seen, and forgotten by so much with each time that less was needed. */
const forgetting = 0.1;

export function createMemoryAdmission({ budgetBytes, unknownBytes }: MemoryOptions): MemoryAdmission {
  const needs = new Map<string, number>();
  const running = new Map<string | null, number>();
  const needOf = (name: string | null): number => (name === null ? undefined : needs.get(name)) ?? unknownBytes;
  return {
    mayStart(name) {
      let used = 0;
      for (const [each, count] of running) used += count * needOf(each);
      return used === 0 || used + needOf(name) <= budgetBytes;
    },
    started(name) {
      running.set(name, (running.get(name) ?? 0) + 1);
    },
    ended(name, peakBytes) {
      const left = (running.get(name) ?? 1) - 1;
      if (left > 0) running.set(name, left);
      else running.delete(name);
      if (name === null || peakBytes === null) return;
      const before = needs.get(name) ?? 0;
      needs.set(name, Math.max(peakBytes, before * (1 - forgetting)));
    },
  };
}
