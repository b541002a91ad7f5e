import type { AssetKey } from "@watersmeet/core/values";
import { listKeptVersions } from "../../ledger/versions/kept-versions.ts";
import type { MergeDesk } from "../merge-desk.ts";
import { getMerge, listMerges, openStoreOf, type DeskMerge, type DeskParts } from "./merge-subject.ts";

type Collected = Awaited<ReturnType<MergeDesk["collect"]>>;

/** Removes what no kept version and no batch within the retention needs. A merge without a retention keeps everything. */
export async function collect(
  parts: DeskParts,
  { asset, dryRun }: { readonly asset: AssetKey | "all"; readonly dryRun: boolean },
): Promise<Collected> {
  const merges = asset === "all" ? listMerges(parts) : [getMerge(parts, asset)];
  const collected: Collected[number][] = [];
  for (const merge of merges) {
    const keepMs = merge.terms.retention?.keepMs ?? null;
    if (keepMs === null) continue;
    collected.push({ asset: merge.key, ...(await collectOne(parts, merge, { keepMs, dryRun })) });
  }
  return collected;
}

async function collectOne(
  parts: DeskParts,
  merge: DeskMerge,
  { keepMs, dryRun }: { readonly keepMs: number; readonly dryRun: boolean },
): Promise<Omit<Collected[number], "asset">> {
  const store = await openStoreOf(parts, merge);
  const since = new Date(Date.now() - keepMs);
  const keepVersions = await listKeptVersions(parts.connections.db, {
    asset: merge.key,
    storeId: store.storeId,
    since,
  });
  return store.merges.collect({ asset: merge.stored, keepVersions, dryRun });
}
