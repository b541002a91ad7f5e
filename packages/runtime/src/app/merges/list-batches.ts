import { WatersmeetError } from "@watersmeet/core/errors";
import { compareStrings, type AssetKey } from "@watersmeet/core/values";
import type { BatchQuery, BatchRecord, StoredContribution } from "../../stores/port/merge-records.ts";
import { getMerge, listMerges, openStoreOf, type DeskMerge, type DeskParts } from "./merge-subject.ts";

/** More batches than a merge has: decisions are about all that fit, never about a page. */
export const allBatches = 1_000_000;

/** Newest first. */
export async function listBatches(parts: DeskParts, query: BatchQuery): Promise<readonly BatchRecord[]> {
  const store = await openStoreOf(parts, getMerge(parts, query.asset));
  return store.merges.listBatches(query);
}

/** Batches in the holding area, newest first. */
export async function listLate(
  parts: DeskParts,
  { asset, limit }: { readonly asset?: AssetKey; readonly limit: number },
): Promise<readonly BatchRecord[]> {
  const merges = asset === undefined ? listMerges(parts) : [getMerge(parts, asset)];
  const held: BatchRecord[] = [];
  for (const { key } of merges) held.push(...(await listBatches(parts, { asset: key, standing: "held", limit })));
  return held.sort((a, b) => compareStrings(b.sealedAt, a.sealedAt)).slice(0, limit);
}

/** A batch in the holding area and its rows. @throws {MERGE_BATCH_UNKNOWN} */
export async function showLate(
  parts: DeskParts,
  batchId: string,
  limit: number,
): Promise<{ readonly batch: BatchRecord; readonly rows: readonly StoredContribution[] }> {
  for (const merge of listMerges(parts)) {
    const store = await openStoreOf(parts, merge);
    const [batch] = await store.merges.listBatches({ asset: merge.key, batchIds: [batchId], limit: 1 });
    if (batch === undefined) continue;
    return { batch, rows: await store.merges.readBatchRows({ asset: merge.stored, batchId, limit }) };
  }
  throw unknownBatches([batchId]);
}

/** The batches with these ids, in the order of the ids. @throws {MERGE_BATCH_UNKNOWN} naming all that are not there */
export async function getBatches(
  parts: DeskParts,
  merge: DeskMerge,
  batchIds: readonly string[],
): Promise<readonly BatchRecord[]> {
  const found = await findBatches(parts, merge, batchIds);
  const unknown = batchIds.filter((id) => !found.has(id));
  if (unknown.length > 0) throw unknownBatches(unknown, merge);
  return [...new Set(batchIds)].flatMap((id) => found.get(id) ?? []);
}

/** Those of the batches that the merge knows, by id. */
export async function findBatches(
  parts: DeskParts,
  { key, spec }: DeskMerge,
  batchIds: readonly string[],
): Promise<ReadonlyMap<string, BatchRecord>> {
  if (batchIds.length === 0) return new Map();
  const store = await openStoreOf(parts, { spec });
  const batches = await store.merges.listBatches({ asset: key, batchIds, limit: allBatches });
  return new Map(batches.map((batch) => [batch.batchId, batch]));
}

export function unknownBatches(batchIds: readonly string[], merge?: DeskMerge): WatersmeetError {
  const owner = merge === undefined ? "No merge" : merge.key;
  return new WatersmeetError("MERGE_BATCH_UNKNOWN", `${owner} has no batch ${batchIds.join(", ")}`, {
    hint: `\`watersmeet batches ${merge?.key ?? "<merge>"}\` lists them with their ids.`,
    details: { batchIds },
  });
}
