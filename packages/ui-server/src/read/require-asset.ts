import { WatersmeetError } from "@watersmeet/core/errors";
import { getAssetKey, type Graph } from "@watersmeet/core/graph";
import type { ManifestAsset } from "@watersmeet/core/manifest";
import { createPartitionSpace, type PartitionKey } from "@watersmeet/core/values";

/** @throws {ASSET_UNKNOWN} with the nearest key as a hint */
export function requireAsset(graph: Graph, text: string): ManifestAsset {
  const key = getAssetKey(graph, text);
  const asset = graph.assets.get(key);
  if (asset !== undefined) return asset;
  throw new WatersmeetError("ASSET_UNKNOWN", `There is no asset "${text}"`);
}

/** @throws {PARTITION_INVALID} when the asset has no such partition now */
export function requirePartition(asset: ManifestAsset, text: string, now: Date): PartitionKey {
  const space = createPartitionSpace(asset.partitions, now);
  const ordinal = space.ordinalOf(text);
  if (ordinal !== undefined) return space.keyAt(ordinal);
  const known = space.size === 0 ? "none yet" : `${space.keyAt(0)} … ${space.keyAt(space.size - 1)}`;
  throw new WatersmeetError("PARTITION_INVALID", `${asset.key} has no partition "${text}"`, {
    hint: asset.partitions === null ? `${asset.key} is not partitioned` : `Its partitions: ${known}`,
  });
}
