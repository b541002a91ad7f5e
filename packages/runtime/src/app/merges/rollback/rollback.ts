import { getAsset } from "../merge-subject.ts";
import { requireAuthor, type OrderingParts } from "../orders/give-orders.ts";
import type { OrderResult } from "../orders/order-request.ts";
import { findRollback, type RollbackRequest } from "./find-rollback.ts";
import { rollbackHead } from "./rollback-head.ts";
import { rollbackMerge } from "./rollback-merge.ts";

/**
 * Readers of one asset see again what a version had. Of a merge this is a decision about batches and a new version; of anything else the head moves back, and is
 * pinned there.
 */
export async function rollback(parts: OrderingParts, request: RollbackRequest): Promise<OrderResult> {
  const asset = getAsset(parts, request.asset);
  requireAuthor(request);
  const found = await findRollback(parts, asset, request);
  return asset.spec.policy === null
    ? rollbackHead(parts, asset, { ...found, request })
    : rollbackMerge(parts, asset.key, { ...found, request });
}
