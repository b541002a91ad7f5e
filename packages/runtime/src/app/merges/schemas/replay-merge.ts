import { readOrders } from "../../../ledger/merge-orders.ts";
import { replaySchema } from "../../../step/replay/replay-schema.ts";
import { openStoreOf, type DeskMerge, type DeskParts } from "../merge-subject.ts";
import type { SchemaVerdict } from "./schema-verdict.ts";

/**
 * Reads the last real batches of every form through the code as it is now, and makes the keys that they speak of anew, in every partition that readers see (M42). Nothing
 * is published.
 */
export async function replayMerge(
  parts: DeskParts,
  merge: DeskMerge,
  batchesPerEpoch: number,
): Promise<Required<Pick<SchemaVerdict, "replay" | "differences">>> {
  const { environment, key: asset } = merge;
  const store = await openStoreOf(parts, merge);
  const { stateDirectory, merges } = parts.config;
  const deps = {
    project: () => merge.project,
    stores: parts.stores.open,
    children: parts.children,
    stateDirectory,
    shadowPerMille: merges.shadowPerMille,
  };
  const replay: NonNullable<SchemaVerdict["replay"]>[number][] = [];
  const differences: NonNullable<SchemaVerdict["differences"]>[number][] = [];
  for (const { partition } of await store.listHeads(environment, asset)) {
    const [orders] = await readOrders(parts.connections.db, [{ environment, asset, partition }]);
    const { signal } = new AbortController();
    const replayed = await replaySchema(deps, {
      asset,
      partition,
      environment,
      orders: orders ?? null,
      batchesPerEpoch,
      signal,
    });
    if (replayed === null) continue;
    replay.push(...replayed.batches);
    const { version, differences: found, failure } = replayed;
    differences.push({
      partition,
      version,
      comparedKeys: found?.comparedKeys ?? 0,
      differentKeys: found?.differentKeys ?? 0,
      samples: found?.samples ?? [],
      failure: failure === null ? null : { code: failure.code, message: failure.message, hint: failure.hint },
    });
  }
  return { replay, differences };
}
