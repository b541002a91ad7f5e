import type { AssetKey } from "../../values/asset-key.ts";
import { compareStrings } from "../../values/compare.ts";

/**
 * Small numbers for sets of assets, so that a set per partition costs two bytes. 0 is the empty set. The numbers are private to one table and never leave
 * the computation that made it.
 */
export interface AssetSets {
  add(set: number, asset: AssetKey): number;
  /** Sorted by code unit. */
  list(set: number): readonly AssetKey[];
}

export function createAssetSets(): AssetSets {
  const sets: (readonly AssetKey[])[] = [[]];
  const numbers = new Map<string, number>([["", 0]]);
  const steps = new Map<AssetKey, number[]>();
  const intern = (members: readonly AssetKey[]): number => {
    const name = members.join(" ");
    const known = numbers.get(name);
    if (known !== undefined) return known;
    sets.push(members);
    numbers.set(name, sets.length - 1);
    return sets.length - 1;
  };
  const list = (set: number): readonly AssetKey[] => sets[set] ?? [];
  return {
    list,
    add(set, asset) {
      let next = steps.get(asset);
      if (next === undefined) steps.set(asset, (next = []));
      return (next[set] ??= intern([...new Set([...list(set), asset])].sort(compareStrings)));
    },
  };
}
