import type { AssetKey, Json, PartitionKey } from "@watersmeet/core/values";
import { freezeMerge, unfreezeMerge } from "../../ledger/decisions.ts";
import { insertEvents, notifyFollowers } from "../../ledger/events.ts";
import type { MergeDesk } from "./merge-desk.ts";
import { getMerge, nameOf, openStoreOf, type DeskMerge, type DeskParts } from "./merge-subject.ts";
import { requireAuthor } from "./orders/give-orders.ts";
import { isByPresentRules } from "./rules.ts";

/**
 * Folds a sample of keys of every partition that readers see again. A difference freezes the merge. What other rules made is left alone: it differs because the code has changed, and the next
 * run makes it anew.
 */
export async function verify(parts: DeskParts, asset: AssetKey, perMille: number): ReturnType<MergeDesk["verify"]> {
  const merge = getMerge(parts, asset);
  const store = await openStoreOf(parts, merge);
  let sampledKeys = 0;
  const differentKeys: string[] = [];
  const byOtherRules: PartitionKey[] = [];
  for (const { partition, version } of await store.listHeads(merge.environment, asset)) {
    const [cut] = await store.merges.listCuts({ asset, partition, version, limit: 1 });
    if (cut === undefined || !isByPresentRules(merge, cut)) {
      byOtherRules.push(partition);
      continue;
    }
    const found = await store.merges.checkShadow({
      asset: merge.stored,
      policy: merge.policy,
      epochs: merge.terms.epochs,
      partition,
      version,
      perMille,
    });
    sampledKeys += found.sampledKeys;
    differentKeys.push(
      ...found.differentKeys.map((key) => (partition === "" ? key : `${nameOf(asset, partition)}: ${key}`)),
    );
  }
  if (differentKeys.length > 0) await freezeAfterMismatch(parts, merge, differentKeys);
  return { sampledKeys, differentKeys, byOtherRules };
}

const shownKeys = 20;

async function freezeAfterMismatch(parts: DeskParts, merge: DeskMerge, keys: readonly string[]): Promise<void> {
  await switchFreeze(parts, merge, {
    kind: "merge:frozen",
    by: "watersmeet",
    reason: `${keys.length} of the keys that were folded again differ from what is published`,
    details: { differentKeys: keys.slice(0, shownKeys) },
  });
}

/** Lets a merge publish again. A no-op when it is not frozen. */
export async function unfreeze(
  parts: DeskParts,
  asset: AssetKey,
  decision: { by: string; reason: string },
): Promise<void> {
  requireAuthor(decision);
  await switchFreeze(parts, getMerge(parts, asset), { kind: "merge:unfrozen", ...decision });
}

async function switchFreeze(
  parts: DeskParts,
  merge: DeskMerge,
  change: {
    readonly kind: "merge:frozen" | "merge:unfrozen";
    readonly by: string;
    readonly reason: string;
    readonly details?: Json;
  },
): Promise<void> {
  const { db } = parts.connections;
  const { kind, ...decision } = change;
  await db.transaction().execute(async (tx) => {
    const given = { environment: merge.environment, asset: merge.key, ...decision };
    const id = await (kind === "merge:frozen" ? freezeMerge : unfreezeMerge)(tx, given);
    if (id === null) return;
    await insertEvents(tx, [{ kind, asset: merge.key, body: { decision: id, by: change.by, reason: change.reason } }]);
  });
  await notifyFollowers(db);
}
