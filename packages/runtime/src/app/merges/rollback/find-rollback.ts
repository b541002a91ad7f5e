import { WatersmeetError } from "@watersmeet/core/errors";
import { unpartitioned, type Json, type PartitionKey } from "@watersmeet/core/values";
import { findVersionPlaces } from "../../../ledger/versions/materializations.ts";
import type { MergeDesk } from "../merge-desk.ts";
import { nameOf, openStoreOf, type DeskAsset, type DeskParts } from "../merge-subject.ts";

export type RollbackRequest = Parameters<MergeDesk["rollback"]>[0];

/** What is to be taken back, found and checked. */
export interface Rollback {
  readonly partition: PartitionKey;
  /** Version that readers see now. */
  readonly from: number;
  readonly to: number;
}

/** What tells one wish for a rollback from another. */
export function askedOf({ asset, partition, to, cascade, reason }: RollbackRequest): Json {
  return { asset, kind: "rollback", partition: partition ?? null, to, cascade, reason };
}

/** @throws {NOT_FOUND} @throws {STORE_VERSION_UNKNOWN} */
export async function findRollback(parts: DeskParts, asset: DeskAsset, request: RollbackRequest): Promise<Rollback> {
  const store = await openStoreOf(parts, asset);
  const partition =
    request.partition ?? (await findPartition(parts, asset, { storeId: store.storeId, to: request.to }));
  const [head] = await store.listHeads(asset.environment, asset.key, [partition]);
  if (head === undefined) {
    throw new WatersmeetError("NOT_FOUND", `Nothing of ${nameOf(asset.key, partition)} is published`, {
      hint: "There is nothing to take readers back from.",
    });
  }
  return { partition, from: head.version, to: request.to };
}

/** Versions are numbered per asset, so that the number says which partition is meant. */
async function findPartition(
  parts: DeskParts,
  asset: DeskAsset,
  { storeId, to }: { readonly storeId: string; readonly to: number },
): Promise<PartitionKey> {
  if (asset.manifest.partitions === null) return unpartitioned;
  const [place, ...others] = await findVersionPlaces(parts.connections.db, { storeId, asset: asset.key, version: to });
  if (place === undefined) throw unknownVersion(asset, { to });
  if (others.length === 0) return place.partition;
  throw new WatersmeetError("USAGE_INVALID", `Several partitions of ${asset.key} have a version ${to}`, {
    hint: `Name one: ${asset.key}@${place.partition}`,
  });
}

export function unknownVersion(
  asset: DeskAsset,
  { partition, to }: { readonly partition?: PartitionKey; readonly to: number },
): WatersmeetError {
  return new WatersmeetError(
    "STORE_VERSION_UNKNOWN",
    `${nameOf(asset.key, partition ?? unpartitioned)} has no version ${to}`,
    {
      hint: `\`watersmeet audit ${asset.key}\` lists its versions.`,
    },
  );
}
