import type { AssetKey } from "../values/asset-key.ts";
import { compareStrings } from "../values/compare.ts";

/** Anything that leads from one asset to another. */
export interface Link {
  readonly from: AssetKey;
  readonly to: AssetKey;
}

/** Upstream first; of several that could come next, the smallest key. Members of cycles and what hangs on them are left out. */
export function sortTopologically(keys: readonly AssetKey[], links: readonly Link[]): readonly AssetKey[] {
  const waitingFor = new Map(keys.map((key) => [key, 0]));
  const next = new Map<AssetKey, AssetKey[]>(keys.map((key) => [key, []]));
  for (const { from, to } of links) {
    waitingFor.set(to, (waitingFor.get(to) ?? 0) + 1);
    next.get(from)?.push(to);
  }
  const ready = createSmallestFirst(keys.filter((key) => waitingFor.get(key) === 0));
  const order: AssetKey[] = [];
  for (let key = ready.take(); key !== undefined; key = ready.take()) {
    order.push(key);
    for (const to of next.get(key) ?? []) {
      const left = (waitingFor.get(to) ?? 0) - 1;
      waitingFor.set(to, left);
      if (left === 0) ready.put(to);
    }
  }
  return order;
}

/** Circles that together contain every asset that is in one: the shortest through the smallest key not yet shown. Each member reads the next. */
export function findCycles(keys: readonly AssetKey[], links: readonly Link[]): readonly (readonly AssetKey[])[] {
  const sorted = new Set(sortTopologically(keys, links));
  const reads = new Map<AssetKey, AssetKey[]>(keys.filter((key) => !sorted.has(key)).map((key) => [key, []]));
  for (const { from, to } of links) reads.get(to)?.push(from);
  const cycles: (readonly AssetKey[])[] = [];
  const known = new Set<AssetKey>();
  for (const key of [...keys].sort(compareStrings)) {
    if (sorted.has(key) || known.has(key)) continue;
    const cycle = findShortestCycle(key, reads);
    if (cycle === undefined) continue;
    for (const member of cycle) known.add(member);
    cycles.push(cycle);
  }
  return cycles;
}

function findShortestCycle(
  start: AssetKey,
  reads: ReadonlyMap<AssetKey, readonly AssetKey[]>,
): readonly AssetKey[] | undefined {
  const cameFrom = new Map<AssetKey, AssetKey>();
  const queue: AssetKey[] = [start];
  for (const key of queue) {
    for (const read of [...(reads.get(key) ?? [])].sort(compareStrings)) {
      if (read === start) return tracePath(key, cameFrom);
      if (cameFrom.has(read)) continue;
      cameFrom.set(read, key);
      queue.push(read);
    }
  }
  return undefined;
}

function tracePath(end: AssetKey, cameFrom: ReadonlyMap<AssetKey, AssetKey>): readonly AssetKey[] {
  const path: AssetKey[] = [];
  for (let key: AssetKey | undefined = end; key !== undefined; key = cameFrom.get(key)) path.unshift(key);
  return path;
}

/** A binary heap of keys. */
function createSmallestFirst(initial: readonly AssetKey[]): { take(): AssetKey | undefined; put(key: AssetKey): void } {
  const heap = [...initial].sort(compareStrings);
  const isBefore = (a: number, b: number): boolean => (heap[a] ?? "") < (heap[b] ?? "");
  const swap = (a: number, b: number): void => {
    const [first, second] = [heap[a], heap[b]];
    if (first === undefined || second === undefined) return;
    heap[a] = second;
    heap[b] = first;
  };
  return {
    put(key) {
      heap.push(key);
      for (let at = heap.length - 1; at > 0 && isBefore(at, (at - 1) >> 1); at = (at - 1) >> 1) swap(at, (at - 1) >> 1);
    },
    take() {
      swap(0, heap.length - 1);
      const taken = heap.pop();
      for (let at = 0, child = 1; child < heap.length; child = 2 * at + 1) {
        if (child + 1 < heap.length && isBefore(child + 1, child)) child++;
        if (!isBefore(child, at)) break;
        swap(at, child);
        at = child;
      }
      return taken;
    },
  };
}
