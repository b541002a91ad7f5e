import { isWatersmeetError } from "@watersmeet/core/errors";
import type { AssetKey } from "@watersmeet/core/values";
import { insertEvents, notifyFollowers } from "../../../ledger/events.ts";
import type { LedgerDb } from "../../../ledger/open-ledger.ts";
import { dropPin, finishPin, listPendingPins, type PendingPin } from "../../../ledger/versions/head-pins.ts";
import type { StoredAsset } from "../../../stores/port/staging.ts";
import type { Store } from "../../../stores/store.ts";

/**
 * Brings rollbacks to their end that a process left between the ledger and the store. A head that has moved elsewhere meanwhile stays where it is: the wish was
 * about another one.
 */
export async function finishPins(
  store: Store,
  { db, storedOf }: { readonly db: LedgerDb; readonly storedOf: (asset: AssetKey) => StoredAsset | undefined },
): Promise<void> {
  for (const pin of await listPendingPins(db, store)) {
    const asset = storedOf(pin.asset);
    if (asset === undefined) continue;
    const [head] = await store.listHeads(pin.environment, pin.asset, [pin.partition]);
    const now = head?.version;
    if (now === pin.fromVersion || now === pin.toVersion) await fulfilPin(db, store, { pin, asset });
    else await db.transaction().execute((tx) => dropPin(tx, pin));
  }
}

/** The store moves the head, once however often it is asked; then the ledger follows. @throws {STORE_VERSION_UNKNOWN} */
export async function fulfilPin(
  db: LedgerDb,
  store: Store,
  { pin, asset }: { readonly pin: PendingPin; readonly asset: StoredAsset },
): Promise<void> {
  const { environment, partition, toVersion: version, moveId } = pin;
  try {
    await store.revert({ environment, asset, partition, version, moveId });
  } catch (error) {
    const isRefused = isWatersmeetError(error) && error.code === "STORE_VERSION_UNKNOWN";
    if (isRefused) await db.transaction().execute((tx) => dropPin(tx, pin));
    throw error;
  }
  await db.transaction().execute(async (tx) => {
    await finishPin(tx, pin);
    const body = { decision: pin.decisionId, from: pin.fromVersion, to: version };
    await insertEvents(tx, [{ kind: "head:moved", asset: pin.asset, partition, body }]);
  });
  await notifyFollowers(db);
}
