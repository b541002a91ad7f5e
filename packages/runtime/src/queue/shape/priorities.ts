import type { AssetKey } from "@watersmeet/core/values";
import type { RunShape } from "./run-shape.ts";

/**
 * By position: greater for assets with the longer way behind them, in milliseconds as observed; an asset that has never run counts as the mean of
 * the others. What comes last has 0. Dense ranks, so that small changes of durations do not reorder.
 */
export function rankAssets(shape: RunShape, meanMs: ReadonlyMap<AssetKey, number>): readonly number[] {
  const known = [...meanMs.values()];
  const usualMs = known.length === 0 ? 1 : known.reduce((sum, value) => sum + value, 0) / known.length;
  const remainingMs = shape.assets.map(() => 0);
  for (const asset of [...shape.assets].reverse()) {
    const behind = asset.outputs
      .filter((output) => output.to !== asset.position)
      .map((output) => remainingMs[output.to] ?? 0);
    remainingMs[asset.position] = (meanMs.get(asset.key) ?? usualMs) + Math.max(0, ...behind);
  }
  const ranks = new Map([...new Set(remainingMs)].sort((a, b) => a - b).map((value, rank) => [value, rank]));
  return remainingMs.map((value) => ranks.get(value) ?? 0);
}
