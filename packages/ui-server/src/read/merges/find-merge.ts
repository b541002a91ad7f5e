import { WatersmeetError } from "@watersmeet/core/errors";
import type { ManifestAsset } from "@watersmeet/core/manifest";
import { unpartitioned, type PartitionKey } from "@watersmeet/core/values";
import type { Watersmeet } from "@watersmeet/runtime";
import { requireAsset, requirePartition } from "../require-asset.ts";

/** @throws {ASSET_UNKNOWN} with the nearest key as a hint @throws {NOT_A_MERGE} */
export function requireMerge(watersmeet: Watersmeet, text: string): ManifestAsset {
  const asset = requireAsset(watersmeet.project().graph, text);
  if (asset.kind === "merge") return asset;
  throw new WatersmeetError("NOT_A_MERGE", `${asset.key} is no merge: it is of kind ${asset.kind}`, {
    hint: "watersmeet assets kind:merge lists the merges",
  });
}

/** The partition that a question is about: of an asset without partitions, its only one. @throws {PARTITION_INVALID} */
export function requireOnePartition(asset: ManifestAsset, text: string | null): PartitionKey {
  if (text !== null) return requirePartition(asset, text, new Date());
  if (asset.partitions === null) return unpartitioned;
  throw new WatersmeetError("PARTITION_INVALID", `${asset.key} has partitions, and none was named`, {
    hint: `Name one: ${asset.key}@<partition>; over HTTP, the parameter partition`,
  });
}

/** Members of a question that may be about one partition. */
export function somePartition(asset: ManifestAsset, text: string | null): { readonly partition?: PartitionKey } {
  return text === null ? {} : { partition: requirePartition(asset, text, new Date()) };
}
