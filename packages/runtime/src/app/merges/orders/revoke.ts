import { unreachable, WatersmeetError } from "@watersmeet/core/errors";
import { unpartitioned, type PartitionKey } from "@watersmeet/core/values";
import type { PlacedOrder } from "../../../ledger/merge-orders.ts";
import type { BatchRecord } from "../../../stores/port/merge-records.ts";
import { allBatches, findBatches, listBatches, unknownBatches } from "../list-batches.ts";
import { getMerge, type DeskMerge } from "../merge-subject.ts";
import { giveOrders, listDescendants, requireAuthor, type OrderingParts } from "./give-orders.ts";
import type { OrderResult, RevokeRequest } from "./order-request.ts";
import { selectRange } from "./source-range.ts";

/** Takes batches back: those named, those of a source's range, or those that a run delivered. */
export async function revoke(parts: OrderingParts, request: RevokeRequest): Promise<OrderResult> {
  const merge = getMerge(parts, request.asset);
  requireAuthor(request);
  const found = await findRevoked(parts, merge, request);
  refuseSettled(merge, found.batches);
  const orders = [
    ...found.batches.map(({ batchId, partition }): PlacedOrder => ({ kind: "revoke", batchId, partition })),
    ...found.unseen.map((batchId): PlacedOrder => ({ kind: "revoke", batchId, partition: unpartitioned })),
  ];
  const partitions: readonly PartitionKey[] = [...new Set(orders.map((order) => order.partition))];
  const run =
    request.dryRun === true
      ? null
      : await giveOrders(parts, merge, {
          kind: "revoke",
          orders,
          by: request.by,
          reason: request.reason,
          details: { what: { ...request.what } },
          asked: { merge: merge.key, kind: "revoke", what: { ...request.what }, reason: request.reason },
          idempotencyKey: request.idempotencyKey,
        });
  return { batches: found.batches, partitions, descendants: listDescendants(merge), run };
}

/** What retention has let go cannot come back: the merge would fold something that nobody ever delivered. */
function refuseSettled({ key }: DeskMerge, batches: readonly BatchRecord[]): void {
  const settled = batches.filter(({ settledBefore, standing }) => settledBefore !== undefined && standing === "live");
  const [first] = settled;
  if (first === undefined) return;
  throw new WatersmeetError(
    "MERGE_BATCH_SETTLED",
    `${settled.length === 1 ? `Batch ${first.batchId} of ${first.branch}` : `${settled.length} batches`} of ${key} cannot be taken back: what they hid is older than the merge's retention, and was let go`,
    {
      hint: "Correct the rows with a new delivery. A longer retention keeps batches revocable for longer.",
      details: { batches: settled.map(({ batchId, branch }) => ({ batchId, branch })) },
    },
  );
}

interface Revoked {
  readonly batches: readonly BatchRecord[];
  /** Ids of batches that have not come yet, and will not count when they do. */
  readonly unseen: readonly string[];
}

async function findRevoked(parts: OrderingParts, merge: DeskMerge, { what }: RevokeRequest): Promise<Revoked> {
  switch (what.kind) {
    case "batches":
      return findNamed(parts, merge, what.batchIds);
    case "source":
      return findInRange(parts, merge, what);
    case "run": {
      const batches = await listCounted(parts, merge);
      return { batches: batches.filter((batch) => batch.origin?.runId === what.runId), unseen: [] };
    }
    default:
      return unreachable(what);
  }
}

const batchIdPattern = /^[0-9a-f]{64}$/;

/** A batch that nobody has seen can be revoked where it is clear which partition it would belong to. */
async function findNamed(parts: OrderingParts, merge: DeskMerge, batchIds: readonly string[]): Promise<Revoked> {
  const known = await findBatches(parts, merge, batchIds);
  const unseen = [...new Set(batchIds)].filter((id) => !known.has(id));
  const isClear = merge.manifest.partitions === null && unseen.every((id) => batchIdPattern.test(id));
  if (unseen.length > 0 && !isClear) throw unknownBatches(unseen, merge);
  return { batches: [...new Set(batchIds)].flatMap((id) => known.get(id) ?? []), unseen };
}

/** What counts, or would once it is admitted. */
async function listCounted(parts: OrderingParts, merge: DeskMerge, branch?: string): Promise<readonly BatchRecord[]> {
  const query = { asset: merge.key, limit: allBatches, ...(branch === undefined ? {} : { branch }) };
  return [
    ...(await listBatches(parts, { ...query, standing: "live" })),
    ...(await listBatches(parts, { ...query, standing: "held" })),
  ];
}

type OfSource = Extract<RevokeRequest["what"], { kind: "source" }>;

async function findInRange(parts: OrderingParts, merge: DeskMerge, what: OfSource): Promise<Revoked> {
  const branches = merge.manifest.inputs.map((input) => input.name);
  const batches = await listCounted(parts, merge, what.branch);
  if (batches.length === 0 && !branches.includes(what.branch)) {
    throw new WatersmeetError("NOT_FOUND", `${merge.key} has no branch ${what.branch}`, {
      hint: `Its branches read ${branches.join(", ")}; \`watersmeet batches ${merge.key}\` shows the names.`,
    });
  }
  return { batches: selectRange(batches, what), unseen: [] };
}
