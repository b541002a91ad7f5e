import { WatersmeetError } from "@watersmeet/core/errors";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import type { CutRecord } from "../../stores/port/merge-records.ts";
import type { MergeDesk } from "./merge-desk.ts";
import { getMerge, nameOf, openStoreOf, type DeskParts } from "./merge-subject.ts";

/** The cut of a version; of the version that readers see when none is named. @throws {NOT_FOUND} */
export async function getCut(
  parts: DeskParts,
  { asset, partition, version }: { asset: AssetKey; partition: PartitionKey; version?: number | undefined },
): Promise<CutRecord> {
  const merge = getMerge(parts, asset);
  const store = await openStoreOf(parts, merge);
  const wanted = version ?? (await findServedVersion(parts, { asset, partition }));
  const [cut] =
    wanted === undefined ? [] : await store.merges.listCuts({ asset, partition, version: wanted, limit: 1 });
  if (cut !== undefined) return cut;
  throw new WatersmeetError(
    "NOT_FOUND",
    version === undefined
      ? `Nothing of ${nameOf(asset, partition)} is published yet`
      : `${nameOf(asset, partition)} has no version ${version}`,
    {
      hint:
        version === undefined
          ? `\`watersmeet run ${asset}\` makes it.`
          : `\`watersmeet cut ${asset}\` shows the newest.`,
    },
  );
}

/** The version that readers see. */
async function findServedVersion(
  parts: DeskParts,
  { asset, partition }: { readonly asset: AssetKey; readonly partition: PartitionKey },
): Promise<number | undefined> {
  const store = await openStoreOf(parts, getMerge(parts, asset));
  const heads = await store.listHeads(parts.config.environment, asset);
  return heads.find((head) => head.partition === partition)?.version;
}

/** Newest first. */
export async function listCuts(
  parts: DeskParts,
  asset: AssetKey,
  options: Parameters<MergeDesk["listCuts"]>[1],
): Promise<readonly CutRecord[]> {
  const store = await openStoreOf(parts, getMerge(parts, asset));
  return store.merges.listCuts({ asset, ...options });
}
