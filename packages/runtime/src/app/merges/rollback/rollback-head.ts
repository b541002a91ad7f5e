import { insertDecision, lockDecisions } from "../../../ledger/decisions.ts";
import { insertEvents } from "../../../ledger/events.ts";
import { insertPins, listPendingPins } from "../../../ledger/versions/head-pins.ts";
import { findVersionPlaces } from "../../../ledger/versions/materializations.ts";
import type { Store } from "../../../stores/store.ts";
import { openStoreOf, type DeskAsset } from "../merge-subject.ts";
import { describeRequest, findEarlierDecision } from "../orders/decide-once.ts";
import { listDescendants, startDecidedRun, type OrderingParts } from "../orders/give-orders.ts";
import type { OrderResult } from "../orders/order-request.ts";
import { askedOf, unknownVersion, type Rollback, type RollbackRequest } from "./find-rollback.ts";
import { refuseTearing } from "./find-torn.ts";
import { fulfilPin } from "./finish-pins.ts";

/**
 * Moves the head of one partition back. In three steps, each of which may be the last one before the process ends:
 *
 * 1. the wish is recorded in the ledger, with its reason
 * 2. the store moves the head; the wish has an id, by which a store moves only once
 * 3. the ledger follows, and the pin is in force
 *
 * A wish that was left between the steps is brought to its end when the store is opened next: see `finishPins`.
 */
export async function rollbackHead(
  parts: OrderingParts,
  asset: DeskAsset,
  { request, ...back }: Rollback & { readonly request: RollbackRequest },
): Promise<OrderResult> {
  const { db } = parts.connections;
  const store = await openStoreOf(parts, asset);
  if (request.cascade === "refuse") await refuseTearing(parts, asset, back);
  const decisionId = await recordWish(parts, asset, { ...back, store, request });
  const pins = await listPendingPins(db, store);
  const pin = pins.find((each) => each.decisionId === decisionId);
  // A request that is repeated under its key may have been fulfilled the first time.
  if (pin !== undefined) await fulfilPin(db, store, { pin, asset: asset.stored });
  const descendants = listDescendants(asset);
  const isRun = request.cascade === "run" && descendants.length > 0;
  const { partition } = back;
  const { by, idempotencyKey } = request;
  const run = isRun
    ? await startDecidedRun(parts, {
        asset,
        partitions: [partition],
        decisionId,
        by,
        idempotencyKey,
        withDescendants: true,
      })
    : null;
  return { batches: [], partitions: [partition], descendants, run };
}

async function recordWish(
  parts: OrderingParts,
  asset: DeskAsset,
  wish: Rollback & { readonly store: Store; readonly request: RollbackRequest },
): Promise<string> {
  const { store, partition, from, to, request } = wish;
  const place = { environment: asset.environment, asset: asset.key };
  const versions = await findVersionPlaces(parts.connections.db, {
    storeId: store.storeId,
    asset: asset.key,
    version: to,
  });
  const version = versions.find((each) => each.partition === partition);
  if (version === undefined) throw unknownVersion(asset, { partition, to });
  return parts.connections.db.transaction().execute(async (tx) => {
    await lockDecisions(tx, place);
    const { by, reason, idempotencyKey } = request;
    const keyed = { asked: askedOf(request), idempotencyKey };
    const known = await findEarlierDecision(tx, place.environment, keyed);
    if (known !== undefined) return known;
    const details = { partition, from, to, ...describeRequest(keyed) };
    const decisionId = await insertDecision(tx, { ...place, kind: "rollback", by, reason, details });
    const { name, storeId } = store;
    await insertPins(tx, [
      {
        ...place,
        decisionId,
        partition,
        store: name,
        storeId,
        fromVersion: from,
        toVersion: to,
        materializationId: version.id,
      },
    ]);
    await insertEvents(tx, [
      {
        kind: "order:given",
        asset: asset.key,
        partition,
        body: { decision: decisionId, order: "rollback", by, reason, from, to },
      },
    ]);
    return decisionId;
  });
}
