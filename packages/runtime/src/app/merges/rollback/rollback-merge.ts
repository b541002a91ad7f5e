import { WatersmeetError } from "@watersmeet/core/errors";
import type { AssetKey } from "@watersmeet/core/values";
import type { BatchRecord } from "../../../stores/port/merge-records.ts";
import { allBatches } from "../list-batches.ts";
import { getMerge, nameOf, openStoreOf, type DeskMerge } from "../merge-subject.ts";
import { giveOrders, listDescendants, type OrderingParts } from "../orders/give-orders.ts";
import type { OrderResult } from "../orders/order-request.ts";
import { askedOf, unknownVersion, type Rollback, type RollbackRequest } from "./find-rollback.ts";
import { refuseTearing } from "./find-torn.ts";

/**
 * Revokes what counts now and did not count then: a new version is made from what remains, and nothing else moves (M34). What counted then and was taken back since stays out (M37).
 *
 * @throws {ROLLBACK_STAYS_OUT} when that is all that tells the versions apart
 */
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
  const all = { asset: key, partition, limit: allBatches } as const;
  const earlier = await store.merges.listBatches({ ...all, standing: "live", version: to });
  const now = await store.merges.listBatches({ ...all, version: from });
  const countedThen = new Set(earlier.map(({ batchId }) => batchId));
  const batches = now.filter(({ batchId, standing }) => standing === "live" && !countedThen.has(batchId));
  const stayOut = listStayingOut({ earlier, now, revoked: batches });
  if (batches.length === 0 && stayOut.length > 0) throw stayingOut(merge, { partition, to }, stayOut);
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
  return {
    batches,
    partitions: batches.length === 0 ? [] : [partition],
    descendants: listDescendants(merge),
    run,
    ...(stayOut.length === 0 ? {} : { stayOut }),
  };
}

/** Of what counted then: all but what counts now, and what comes back when the generation goes that took its place. */
function listStayingOut({
  earlier,
  now,
  revoked,
}: Readonly<Record<"earlier" | "now" | "revoked", readonly BatchRecord[]>>): readonly BatchRecord[] {
  const standings = new Map(now.map(({ batchId, standing }) => [batchId, standing]));
  const nameKey = ({ branch, batchKey }: BatchRecord) => JSON.stringify([branch, batchKey]);
  const freed = new Set(revoked.map(nameKey));
  return earlier.filter((batch) => {
    const standing = standings.get(batch.batchId);
    return standing !== "live" && !(standing === "superseded" && freed.has(nameKey(batch)));
  });
}

function stayingOut(
  merge: DeskMerge,
  { partition, to }: Pick<Rollback, "partition" | "to">,
  batches: readonly BatchRecord[],
): WatersmeetError {
  const named = batches.slice(0, shownBatches).map(({ batchId }) => batchId.slice(0, 12));
  const more = batches.length > shownBatches ? " …" : "";
  return new WatersmeetError(
    "ROLLBACK_STAYS_OUT",
    `${nameOf(merge.key, partition)} has nothing that version ${to} did not have; what that version had more was taken back: ${named.join(", ")}${more}`,
    {
      hint: "What was taken back counts again only when its branch delivers it anew, with another content. `watersmeet audit` shows who took it back, and why.",
      details: { asset: merge.key, partition, to, batches: batches.map(({ batchId }) => batchId) },
    },
  );
}

const shownBatches = 3;
