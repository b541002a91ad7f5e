import type { AssetKey } from "@watersmeet/core/values";
import { allBatches } from "../list-batches.ts";
import { getMerge, openStoreOf } from "../merge-subject.ts";
import { giveOrders, listDescendants, type OrderingParts } from "../orders/give-orders.ts";
import type { OrderResult } from "../orders/order-request.ts";
import { askedOf, unknownVersion, type Rollback, type RollbackRequest } from "./find-rollback.ts";
import { refuseTearing } from "./find-torn.ts";

/** Revokes what counts now and did not count then: a new version is made from what remains, and nothing else moves (M34). */
export async function rollbackMerge(
  parts: OrderingParts,
  key: AssetKey,
  { partition, from, to, request }: Rollback & { readonly request: RollbackRequest },
): Promise<OrderResult> {
  const merge = getMerge(parts, key);
  const store = await openStoreOf(parts, merge);
  const [cut] = await store.merges.listCuts({ asset: key, partition, version: to, limit: 1 });
  if (cut === undefined) throw unknownVersion(merge, { partition, to });
  if (request.cascade === "refuse") await refuseTearing(parts, merge, { partition, to });
  const live = { asset: key, partition, standing: "live", limit: allBatches } as const;
  const then = new Set((await store.merges.listBatches({ ...live, version: to })).map((batch) => batch.batchId));
  const batches = (await store.merges.listBatches({ ...live, version: from })).filter(
    (batch) => !then.has(batch.batchId),
  );
  const run = await giveOrders(parts, merge, {
    kind: "rollback",
    orders: batches.map(({ batchId }) => ({ kind: "revoke", batchId, partition })),
    by: request.by,
    reason: request.reason,
    details: { partition, from, to },
    asked: askedOf(request),
    idempotencyKey: request.idempotencyKey,
    withDescendants: request.cascade === "run",
  });
  return { batches, partitions: batches.length === 0 ? [] : [partition], descendants: listDescendants(merge), run };
}
