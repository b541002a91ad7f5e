import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";
import type { ShapeOf, StoredShape } from "../shape/shape-cache.ts";
import { makeHeld } from "./make-steps.ts";

/**
 * A hold says that a worker has steps that have no rows yet: it took them in the transaction that released them, and their rows are written when they end.
 *
 *     no row, held ──ends well──▶ succeeded
 *          └──settled──▶ running ──▶ as any other step
 *
 * A hold and the rows of its steps move together, under the run's lock: while somebody has a step, it has a row or a hold names it. Holds are settled by who
 * has to see their steps as running: the reaper of their worker, whoever records an end that is not plain, and the worker itself when a step takes long.
 */
export async function settleHolds(
  tx: Transaction<LedgerDatabase>,
  run: { readonly id: RunId; readonly shape: StoredShape },
  which: { readonly workerId: string } | { readonly revisions: readonly number[] },
): Promise<void> {
  const isMeant =
    "workerId" in which ? sql`worker_id = ${which.workerId}` : sql`revision = any(${[...which.revisions]}::integer[])`;
  const { rows } = await sql<{ workerId: string; takenAt: Date; steps: readonly number[] }>`
    delete from watersmeet.step_hold where run_id = ${run.id} and ${isMeant}
    returning worker_id as "workerId", taken_at as "takenAt", steps`.execute(tx);
  for (const { steps, ...held } of rows) await makeHeld(tx, { runId: run.id, shape: run.shape, steps }, held);
}

/** Settles whatever a worker holds without rows. Locks the runs of all that it has, by id. */
export async function settleWorker(tx: Transaction<LedgerDatabase>, workerId: string, shapeOf: ShapeOf): Promise<void> {
  const { rows } = await sql<{ id: RunId; isHeld: boolean }>`
    select id, exists (select from watersmeet.step_hold where run_id = run.id and worker_id = ${workerId}) as "isHeld"
    from watersmeet.run
    where id in (
      select run_id from watersmeet.step_hold where worker_id = ${workerId}
      union select run_id from watersmeet.step where state = 'running' and worker_id = ${workerId}
        and exists (select from watersmeet.step_hold where worker_id = ${workerId}))
    order by id for update`.execute(tx);
  for (const { id, isHeld } of rows)
    if (isHeld) await settleHolds(tx, { id, shape: await shapeOf(tx, id) }, { workerId });
}

/** Runs in which a worker holds steps without rows for a while now: one of them takes long, or the worker does not know that it has them. */
export async function listLongHolds(db: LedgerDb, workerId: string): Promise<readonly RunId[]> {
  const { rows } = await sql<{ id: RunId }>`
    select distinct run_id as id from watersmeet.step_hold
    where worker_id = ${workerId} and taken_at < now() - ${longMs} * interval '1 millisecond' order by id`.execute(db);
  return rows.map((row) => row.id);
}

/** After this a step that is held is shown as running. */
const longMs = 1000;

/** Steps that are held without a row. The run's row is locked, or some may have ended. */
export async function listHeldWithoutRow(db: LedgerDb, id: RunId): Promise<readonly number[]> {
  const { rows } = await sql<{ ordinal: number }>`
    select held.ordinal from watersmeet.step_hold cross join lateral unnest(steps) as held (ordinal)
    where run_id = ${id}
      and not exists (select from watersmeet.step where step.run_id = ${id} and step.ordinal = held.ordinal)`.execute(
    db,
  );
  return rows.map((row) => row.ordinal);
}
