import type { ManifestAsset } from "../../manifest/manifest.ts";
import type { AssetKey } from "../../values/asset-key.ts";

/** The assets of one circle in the order in which they read each other: each reads the next, the last reads the first. */
export type Cycle = readonly AssetKey[];

type Upstream = ReadonlyMap<AssetKey, readonly AssetKey[]>;

/** One shortest circle through the first asset, by key, of every knot of assets that depend on each other. */
export function findCycles(assets: readonly ManifestAsset[]): Cycle[] {
  const keys = new Set(assets.map(({ key }) => key));
  const upstream: Upstream = new Map(
    assets.map(({ key, inputs }) => [key, inputs.map(({ asset }) => asset).filter((input) => keys.has(input))]),
  );
  const candidates = listUnfinished(upstream);
  const cycles: Cycle[] = [];
  const covered = new Set<AssetKey>();
  for (const key of [...candidates].sort()) {
    if (covered.has(key)) continue;
    const cycle = findShortest(key, upstream, candidates);
    if (cycle === null || cycle.some((member) => covered.has(member))) continue;
    cycles.push(cycle);
    for (const member of cycle) covered.add(member);
  }
  return cycles;
}

/** Takes away, again and again, what reads nothing that is left: only circles and what is downstream of them remain. */
function listUnfinished(upstream: Upstream): Set<AssetKey> {
  const waiting = new Map([...upstream].map(([key, inputs]) => [key, new Set(inputs).size]));
  const downstream = new Map<AssetKey, AssetKey[]>();
  for (const [key, inputs] of upstream) {
    for (const input of new Set(inputs)) downstream.set(input, [...(downstream.get(input) ?? []), key]);
  }
  const ready = [...waiting].filter(([, count]) => count === 0).map(([key]) => key);
  const unfinished = new Set(upstream.keys());
  for (let key = ready.pop(); key !== undefined; key = ready.pop()) {
    unfinished.delete(key);
    for (const reader of downstream.get(key) ?? []) {
      const left = (waiting.get(reader) ?? 0) - 1;
      waiting.set(reader, left);
      if (left === 0) ready.push(reader);
    }
  }
  return unfinished;
}

function findShortest(start: AssetKey, upstream: Upstream, within: ReadonlySet<AssetKey>): Cycle | null {
  const reachedFrom = new Map<AssetKey, AssetKey>();
  const queue = [start];
  for (let index = 0; index < queue.length; index++) {
    const key = queue[index];
    if (key === undefined) break;
    for (const input of upstream.get(key) ?? []) {
      if (input === start) return backtrack(key, start, reachedFrom);
      if (!within.has(input) || reachedFrom.has(input)) continue;
      reachedFrom.set(input, key);
      queue.push(input);
    }
  }
  return null;
}

function backtrack(end: AssetKey, start: AssetKey, reachedFrom: ReadonlyMap<AssetKey, AssetKey>): Cycle {
  const path = [end];
  for (let key = end; key !== start;) {
    const before = reachedFrom.get(key);
    if (before === undefined) break;
    path.unshift(before);
    key = before;
  }
  return path;
}
