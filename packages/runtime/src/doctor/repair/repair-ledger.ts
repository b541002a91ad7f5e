import { sql } from "kysely";
import { insertEvents, notifyFollowers } from "../../ledger/events.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RecordDeps } from "../../queue/record/record-outcomes.ts";
import type { Store } from "../../stores/store.ts";
import { reapWorkers } from "../../worker/reap-workers.ts";

/** Something that was put right, in one sentence. */
export interface Repair {
  readonly kind: "workers" | "leases" | "records" | "heads" | "staging" | "children" | "databases";
  readonly message: string;
}

/** Takes dead workers away and gives their steps back, as any worker would; then leases that no running step holds. */
export async function releaseDead(db: LedgerDb, deps: RecordDeps): Promise<readonly Repair[]> {
  const repairs: Repair[] = [];
  // No worker has this id, so none is left out.
  const reaped = await reapWorkers(db, { selfId: "0", deps, findsOrphans: true });
  for (const worker of reaped.workers)
    repairs.push({ kind: "workers", message: `worker ${worker} was taken away, and its steps given back` });
  const { rows } = await sql<{ resource: string; run: string; ordinal: number }>`
    delete from watersmeet.resource_lease
    where not exists (select from watersmeet.step
      where step.run_id = resource_lease.run_id and step.ordinal = resource_lease.ordinal and step.state = 'running')
    returning resource, run_id as run, ordinal`.execute(db);
  for (const { resource, run, ordinal } of rows)
    repairs.push({
      kind: "leases",
      message: `the lease of "${resource}" by step ${ordinal} of run ${run} was released`,
    });
  if (repairs.length > 0) await notifyFollowers(db);
  return repairs;
}

/** Records every commit of a store that has no record. `reconcile` begins where it last stopped; here it begins at the beginning. */
export async function recordAdopted(
  db: LedgerDb,
  store: Store,
  reconcile: (store: Store) => Promise<number>,
): Promise<readonly Repair[]> {
  await db.updateTable("store").set({ reconciled_sequence: "0" }).where("name", "=", store.name).execute();
  const adopted = await reconcile(store);
  const commits = adopted === 1 ? "1 commit" : `${adopted} commits`;
  return adopted === 0
    ? []
    : [{ kind: "records", message: `${commits} of the store ${store.name} had no record and have one now` }];
}

interface LedgerHead {
  readonly environment: string;
  readonly asset: Awaited<ReturnType<Store["listHeads"]>>[number]["asset"];
}

/** The ledger's heads follow the store's where they differ, and the audit says so. */
export async function followHeads(db: LedgerDb, store: Store): Promise<readonly Repair[]> {
  const { rows } = await sql<LedgerHead>`
    select distinct environment, head.asset from watersmeet.head join watersmeet.materialization as made on made.id = head.materialization_id
    where made.store_id = ${store.storeId}`.execute(db);
  const repairs: Repair[] = [];
  for (const { environment, asset } of rows) {
    const heads = await store.listHeads(environment, asset);
    repairs.push(...(await followHeadsOf(db, store, { environment, heads })));
  }
  if (repairs.length > 0) await notifyFollowers(db);
  return repairs;
}

/** A head that a rollback is about to move is left to the rollback. */
async function followHeadsOf(
  db: LedgerDb,
  store: Store,
  { environment, heads }: { readonly environment: string; readonly heads: Awaited<ReturnType<Store["listHeads"]>> },
): Promise<readonly Repair[]> {
  return db.transaction().execute(async (tx) => {
    const { rows } = await sql<
      LedgerHead & { readonly partition: (typeof heads)[number]["partition"]; readonly version: number }
    >`
      update watersmeet.head set materialization_id = made.id, moved_at = now()
      from unnest(${heads.map((head) => head.asset)}::text[], ${heads.map((head) => head.partition)}::text[], ${heads.map((head) => head.version)}::integer[])
        as seen (asset, partition, version)
      join watersmeet.materialization as made on made.store_id = ${store.storeId} and made.asset = seen.asset
        and made.partition = seen.partition and made.version = seen.version
      where head.environment = ${environment} and head.asset = seen.asset and head.partition = seen.partition
        and head.materialization_id <> made.id
        and not exists (select from watersmeet.head_pin as pin where pin.moved_at is null and pin.environment = head.environment
          and pin.asset = head.asset and pin.partition = head.partition)
      returning head.environment, head.asset, head.partition, seen.version`.execute(tx);
    await insertEvents(
      tx,
      rows.map(({ asset, partition, version }) => ({
        kind: "head:moved",
        asset,
        partition,
        body: { environment, to: version, by: "doctor" },
      })),
    );
    return rows.map(({ asset, partition, version }) => ({
      kind: "heads",
      message: `the ledger's head of ${asset}${partition === "" ? "" : `@${partition}`} follows the store ${store.name} to version ${version}`,
    }));
  });
}
