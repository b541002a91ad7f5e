import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { Store, StoreHead } from "../../stores/store.ts";
import { insertEvents, notifyFollowers } from "../events.ts";
import type { LedgerDb } from "../open-ledger.ts";

/** A head of the ledger that did not say what readers see. */
export interface FollowedHead {
  readonly environment: string;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly version: number;
}

/**
 * The ledger's heads follow the store's where they differ. A step that takes readers back to a version that exists already moves the store's head alone; when its
 * process ends before that is recorded, and nobody tries the step again, no commit without a record tells of it.
 *
 * Safe while others work: what was moved after the store was asked stays, and so does a head whose new version is on its way to its record or whose rollback is
 * under way.
 */
export async function followHeads(db: LedgerDb, store: Store): Promise<readonly FollowedHead[]> {
  const { rows } = await sql<{ environment: string; asset: AssetKey; now: string }>`
    select distinct head.environment, head.asset, clock_timestamp()::text as now
    from watersmeet.head join watersmeet.materialization as made on made.id = head.materialization_id
    where made.store_id = ${store.storeId}`.execute(db);
  const [first] = rows;
  if (first === undefined) return [];
  const assets = new Map(
    rows.map(({ environment, asset }) => [JSON.stringify([environment, asset]), { environment, asset }]),
  );
  const followed: FollowedHead[] = [];
  for (const { environment, asset } of assets.values()) {
    const heads = await store.listHeads(environment, asset);
    followed.push(...(await follow(db, store, { environment, heads, lookedAt: first.now })));
  }
  if (followed.length > 0) await notifyFollowers(db);
  return followed;
}

async function follow(
  db: LedgerDb,
  store: Store,
  seen: { readonly environment: string; readonly heads: readonly StoreHead[]; readonly lookedAt: string },
): Promise<readonly FollowedHead[]> {
  const { environment, heads, lookedAt } = seen;
  return db.transaction().execute(async (tx) => {
    const { rows } = await sql<FollowedHead>`
      update watersmeet.head set materialization_id = made.id, moved_at = ${lookedAt}::timestamptz
      from unnest(
        ${heads.map((head) => head.asset)}::text[],
        ${heads.map((head) => head.partition)}::text[],
        ${heads.map((head) => head.version)}::integer[]) as seen (asset, partition, version)
      join watersmeet.materialization as made on made.store_id = ${store.storeId} and made.asset = seen.asset
        and made.partition = seen.partition and made.version = seen.version
      where head.environment = ${environment} and head.asset = seen.asset and head.partition = seen.partition
        and head.materialization_id <> made.id and head.moved_at < ${lookedAt}::timestamptz
        and not exists (select from watersmeet.head_pin as pin where pin.moved_at is null and pin.environment = head.environment
          and pin.asset = head.asset and pin.partition = head.partition)
      returning head.environment, head.asset, head.partition, seen.version`.execute(tx);
    await insertEvents(
      tx,
      rows.map(({ asset, partition, version }) => ({
        kind: "head:followed",
        asset,
        partition,
        body: { environment, to: version },
      })),
    );
    return rows;
  });
}
