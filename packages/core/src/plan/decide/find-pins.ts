import type { AssetKey } from "../../values/asset-key.ts";
import { normalizeRanges, subtractRanges, type OrdinalRange } from "../../values/ordinal-ranges.ts";
import type { PartitionKey } from "../../values/partitions/partition-key.ts";
import type { Plan } from "../plan.ts";
import type { RankedSet } from "../ranked-set.ts";
import type { PlanningState } from "../state/planning-state.ts";

/** The versions that planned steps read and that this plan does not make, by asset in the graph's order, then by partition in theirs. */
export function findPins(state: PlanningState, planned: ReadonlyMap<AssetKey, RankedSet>): Plan["pins"] {
  const readOf = new Map<AssetKey, OrdinalRange[]>();
  for (const [key, { ranges }] of planned) {
    for (const { edge, mapping } of state.stateOf(key).reads) {
      const read = readOf.get(edge.from) ?? [];
      for (const range of ranges) read.push(...mapping.toUpstream(range));
      readOf.set(edge.from, read);
    }
  }
  const pins: [AssetKey, Readonly<Record<PartitionKey, string>>][] = [];
  for (const key of state.graph.order) {
    const outside = subtractRanges(normalizeRanges(readOf.get(key) ?? []), planned.get(key)?.ranges ?? []);
    const commits = listCommits(state, key, outside);
    if (commits.length > 0) pins.push([key, Object.fromEntries(commits)]);
  }
  return Object.fromEntries(pins);
}

function listCommits(
  state: PlanningState,
  key: AssetKey,
  ranges: readonly OrdinalRange[],
): readonly (readonly [PartitionKey, string])[] {
  if (ranges.length === 0) return [];
  const { heads, keys } = state.stateOf(key);
  const commits: (readonly [PartitionKey, string])[] = [];
  for (const [from, to] of ranges) {
    for (let ordinal = from; ordinal < Math.min(to, heads.length); ordinal++) {
      const commitId = heads.columns.commitIds.get(heads.rowOf(ordinal));
      const partition = keys[ordinal];
      if (commitId !== undefined && partition !== undefined) commits.push([partition, commitId]);
    }
  }
  return commits;
}
