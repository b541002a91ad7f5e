import { sql } from "kysely";
import { notifyFollowers } from "../../ledger/events.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import { followHeads } from "../../ledger/versions/follow-heads.ts";
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

/** The ledger's heads follow the store's where they differ, and the audit says so. */
export async function repairHeads(db: LedgerDb, store: Store): Promise<readonly Repair[]> {
  const followed = await followHeads(db, store);
  return followed.map(({ asset, partition, version }) => ({
    kind: "heads",
    message: `the ledger's head of ${asset}${partition === "" ? "" : `@${partition}`} follows the store ${store.name} to version ${version}`,
  }));
}
