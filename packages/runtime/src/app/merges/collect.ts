import type { AssetKey } from "@watersmeet/core/values";
import { readOrders } from "../../ledger/merge-orders.ts";
import { listKeptVersions } from "../../ledger/versions/kept-versions.ts";
import type { SettleOptions } from "../../stores/port/merge-records.ts";
import type { Store } from "../../stores/store.ts";
import type { MergeDesk } from "./merge-desk.ts";
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
  const settle = merge.terms.late === null ? {} : { settle: await describeSettling(parts, merge, { store, keepMs }) };
  return store.merges.collect({ asset: merge.stored, keepVersions, dryRun, ...settle });
}

/** Rows that come later than the retention wait only where lateness is judged: without it, the oldest delete may still have something to hide. */
async function describeSettling(
  parts: DeskParts,
  merge: DeskMerge,
  { store, keepMs }: { readonly store: Store; readonly keepMs: number },
): Promise<SettleOptions> {
  const { environment, key, policy } = merge;
  const heads = await store.listHeads(environment, key);
  const given = await readOrders(
    parts.connections.db,
    heads.map(({ partition }) => ({ environment, asset: key, partition })),
  );
  const orders = given.flatMap((of) => of?.orders ?? []);
  return { policy, keepMs, revoked: orders.filter(({ kind }) => kind === "revoke").map(({ batchId }) => batchId) };
}
