import { WatersmeetError } from "@watersmeet/core/errors";
import type { MergeOrder } from "@watersmeet/core/merge";
import { readOrders } from "../../../ledger/merge-orders.ts";
import type { BatchRecord } from "../../../stores/port/merge-records.ts";
import { allBatches, getBatches, listBatches } from "../list-batches.ts";
import type { MergeDesk } from "../merge-desk.ts";
import { getMerge, type DeskMerge } from "../merge-subject.ts";
import { giveOrders, listDescendants, requireAuthor, type OrderingParts } from "./give-orders.ts";
import type { HeldRequest, OrderResult } from "./order-request.ts";

/** Admits held batches. Many of one partition make one version. */
export async function reconcile(
  parts: OrderingParts,
  request: Parameters<MergeDesk["reconcile"]>[0],
): Promise<OrderResult> {
  const merge = getMerge(parts, request.asset);
  requireAuthor(request);
  const batches = await findHeld(parts, merge, { request, kind: "admit" });
  const overridesClosed = request.overridesClosed === true;
  if (!overridesClosed) refuseClosed(batches);
  return judge(parts, merge, {
    request,
    batches,
    order: { kind: "admit", ...(overridesClosed ? { overridesClosed } : {}) },
  });
}

/** Declares that held batches will not count. */
export async function reject(parts: OrderingParts, request: HeldRequest): Promise<OrderResult> {
  const merge = getMerge(parts, request.asset);
  requireAuthor(request);
  const batches = await findHeld(parts, merge, { request, kind: "reject" });
  return judge(parts, merge, { request, batches, order: { kind: "reject" } });
}

async function judge(
  parts: OrderingParts,
  merge: DeskMerge,
  judged: {
    readonly request: HeldRequest;
    readonly batches: readonly BatchRecord[];
    readonly order: Omit<MergeOrder, "batchId">;
  },
): Promise<OrderResult> {
  const { request, batches, order } = judged;
  const run = await giveOrders(parts, merge, {
    kind: order.kind,
    orders: batches.map(({ batchId, partition }) => ({ ...order, batchId, partition })),
    by: request.by,
    reason: request.reason,
    asked: { merge: merge.key, ...order, batchIds: request.batchIds, reason: request.reason },
    idempotencyKey: request.idempotencyKey,
  });
  return {
    batches,
    partitions: [...new Set(batches.map((batch) => batch.partition))],
    descendants: listDescendants(merge),
    run,
  };
}

/** Those that wait, and of those named also the ones for which the same was decided before: asking twice is no mistake. */
async function findHeld(
  parts: OrderingParts,
  merge: DeskMerge,
  { request, kind }: { readonly request: HeldRequest; readonly kind: "admit" | "reject" },
): Promise<readonly BatchRecord[]> {
  const named =
    request.batchIds === "all"
      ? await listBatches(parts, { asset: merge.key, standing: "held", limit: allBatches })
      : await getBatches(parts, merge, request.batchIds);
  const given = await readOrders(
    parts.connections.db,
    named.map(({ partition }) => ({ environment: merge.environment, asset: merge.key, partition })),
  );
  const orders = named.map((batch, index) =>
    (given[index]?.orders ?? []).filter((order) => order.batchId === batch.batchId).map((order) => order.kind),
  );
  const isOpen = (batch: BatchRecord, index: number): boolean => {
    const kinds = orders[index] ?? [];
    const isBeaten = kinds.includes("revoke") || (kind === "admit" && kinds.includes("reject"));
    return !isBeaten && (batch.standing === "held" || kinds.includes(kind));
  };
  if (request.batchIds === "all") return named.filter(isOpen);
  const wrong = named.filter((batch, index) => !isOpen(batch, index));
  if (wrong.length === 0) return named;
  throw new WatersmeetError(
    "MERGE_BATCH_NOT_HELD",
    `${wrong.map((batch) => `Batch ${batch.batchId} of ${batch.branch}`).join(", ")} of ${merge.key} does not wait in the holding area`,
    {
      hint: "`watersmeet late list` shows what waits. What was revoked or rejected comes back only as a new delivery.",
      details: { batches: wrong.map(({ batchId, standing }) => ({ batchId, standing })) },
    },
  );
}

function refuseClosed(batches: readonly BatchRecord[]): void {
  const closed = batches.filter((batch) => (batch.lateness.closed ?? 0) > 0);
  const [first] = closed;
  if (first === undefined) return;
  throw new WatersmeetError(
    "MERGE_PERIOD_CLOSED",
    `Batch ${first.batchId} of ${first.branch} has rows of a closed period${closed.length > 1 ? `, and so have ${closed.length - 1} others` : ""}`,
    {
      hint: "Say that the closing is to be overridden (--override-closed), or reconcile the other batches by their ids.",
      details: { batchIds: closed.map((batch) => batch.batchId) },
    },
  );
}
