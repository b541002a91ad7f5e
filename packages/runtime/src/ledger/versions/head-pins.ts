import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../database.ts";
import type { LedgerDb } from "../open-ledger.ts";
import type { MaterializationId } from "../records.ts";

/** A head that is to be taken back, or was. */
export interface HeadPin {
  readonly decisionId: string;
  readonly environment: string;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  /** Store in which the versions lie. */
  readonly store: string;
  readonly storeId: string;
  readonly fromVersion: number;
  readonly toVersion: number;
  readonly materializationId: MaterializationId;
}

/** Records that heads are to be taken back, before the store is asked. */
export async function insertPins(tx: Transaction<LedgerDatabase>, pins: readonly HeadPin[]): Promise<void> {
  if (pins.length === 0) return;
  const rows = pins.map((pin) => ({
    decision_id: pin.decisionId,
    environment: pin.environment,
    asset: pin.asset,
    partition: pin.partition,
    store: pin.store,
    store_id: pin.storeId,
    from_version: pin.fromVersion,
    to_version: pin.toVersion,
    materialization_id: pin.materializationId,
    moved_at: null,
  }));
  await tx.insertInto("head_pin").values(rows).execute();
}

/** The store has moved the head: the ledger follows, and the pin is in force from now on. */
export async function finishPin(tx: Transaction<LedgerDatabase>, pin: HeadPin): Promise<void> {
  await sql`
    update watersmeet.head_pin set moved_at = now()
    where environment = ${pin.environment} and asset = ${pin.asset} and partition = ${pin.partition} and decision_id = ${pin.decisionId}`.execute(
    tx,
  );
  await sql`
    insert into watersmeet.head (environment, asset, partition, materialization_id, moved_at)
    values (${pin.environment}, ${pin.asset}, ${pin.partition}, ${pin.materializationId}, now())
    on conflict (environment, asset, partition) do update
      set materialization_id = excluded.materialization_id, moved_at = excluded.moved_at`.execute(tx);
}

/** Forgets a wish that was overtaken: readers see neither the version of then nor the one that was wished for. */
export async function dropPin(tx: Transaction<LedgerDatabase>, pin: HeadPin): Promise<void> {
  await sql`
    delete from watersmeet.head_pin
    where environment = ${pin.environment} and asset = ${pin.asset} and partition = ${pin.partition}
      and decision_id = ${pin.decisionId} and moved_at is null`.execute(tx);
}

/** A wish of which it is not known whether the store has fulfilled it. */
export interface PendingPin extends HeadPin {
  /** By which the store knows the wish; two ledgers may share a store. */
  readonly moveId: string;
}

/** Of one store, oldest first. */
export async function listPendingPins(
  db: LedgerDb,
  store: { readonly name: string; readonly storeId: string },
): Promise<readonly PendingPin[]> {
  const { rows } = await sql<PendingPin>`
    select 'decision_' || (select id from watersmeet.installation) || '_' || decision_id as "moveId", decision_id as "decisionId", environment, asset, partition, store, store_id as "storeId", from_version as "fromVersion",
      to_version as "toVersion", materialization_id as "materializationId"
    from watersmeet.head_pin where store = ${store.name} and store_id = ${store.storeId} and moved_at is null order by decision_id`.execute(
    db,
  );
  return rows;
}

/** Whether the row `pin` is in force on the row `head`: its move is the last one of the head. */
const inForce =
  "pin.environment = head.environment and pin.asset = head.asset and pin.partition = head.partition and pin.materialization_id = head.materialization_id and pin.moved_at = head.moved_at";

/** The same, for a query of the queue. */
export const pinsHead = sql.raw<boolean>(inForce);

/** Pins in force, for the planner; of some assets, or of all. */
export const pinnedSql = `
  select pin.asset, pin.partition from watersmeet.head_pin as pin
  join watersmeet.head on ${inForce}
  where pin.environment = $1 and ($2::text[] is null or pin.asset = any($2))`;
