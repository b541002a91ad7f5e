import { sql } from "kysely";
import { insertEvents } from "../ledger/events.ts";
import type { LedgerDb } from "../ledger/open-ledger.ts";
import type { HeldStep } from "../queue/claim/take-ready.ts";
import { settleWorker } from "../queue/counters/holds.ts";
import type { EndedAttempt } from "../queue/record/accepted-attempt.ts";
import { recordIn, type RecordDeps } from "../queue/record/record-outcomes.ts";
import { beatGraceMs, beatTtlMs, livenessLockClass } from "./liveness-lock.ts";

export interface Reaped {
  readonly workers: readonly string[];
  /** Steps that may be claimed now. */
  readonly readyCount: number;
}

/**
 * Takes dead workers away and gives back what they held. A state, looked at again in every sweep of every worker, not an event that could be missed: who
 * has not beaten lately and whose advisory lock is free has lost its session. The worker's row, its leases, its attempts and its steps move in one
 * transaction; two reapers cannot take the same one. Steps whose worker is in no table any more are given back as well, when `findsOrphans`: that looks at
 * every running step, and only a claim that commits after its worker was given up leaves one.
 */
export async function reapWorkers(
  db: LedgerDb,
  options: { readonly selfId: string; readonly deps: RecordDeps; readonly findsOrphans: boolean },
): Promise<Reaped> {
  const { rows } = await sql<{ id: string }>`
    select id from watersmeet.worker
    where id <> ${options.selfId} and beat_at < now() - ${beatGraceMs} * interval '1 millisecond'
      and pg_postmaster_start_time() < now() - interval '3 seconds'
    union all
    select worker_id from watersmeet.step_hold where not exists (select from watersmeet.worker where worker.id = step_hold.worker_id)
    union all
    select distinct worker_id from watersmeet.step
    where ${options.findsOrphans} and state = 'running' and not exists (select from watersmeet.worker where worker.id = step.worker_id)`.execute(
    db,
  );
  const workers: string[] = [];
  let readyCount = 0;
  for (const { id } of rows) {
    const count = await reapWorker(db, id, options.deps);
    if (count === null) continue;
    workers.push(id);
    readyCount += count;
  }
  return { workers, readyCount };
}

/** `null` when it lives, or another reaper has it. */
async function reapWorker(db: LedgerDb, id: string, deps: RecordDeps): Promise<number | null> {
  return db.transaction().execute(async (tx) => {
    const { rows: locked } = await sql<{ free: boolean }>`
      select pg_try_advisory_xact_lock(${livenessLockClass}, (${id}::bigint % (2::bigint ^ 31)::bigint)::integer) as free`.execute(
      tx,
    );
    const { rows: found } = await sql<{ silent: boolean }>`
      select beat_at < now() - ${beatTtlMs} * interval '1 millisecond' as silent from watersmeet.worker where id = ${id} for update skip locked`.execute(
      tx,
    );
    if (locked[0]?.free !== true && found[0]?.silent !== true) return null;
    await settleWorker(tx, id, deps.shapeOf);
    const held = await listHeld(tx, id);
    if (found.length === 0 && held.length === 0) return null;
    await sql`delete from watersmeet.worker where id = ${id}`.execute(tx);
    await sql`delete from watersmeet.resource_lease where worker_id = ${id}`.execute(tx);
    const recorded = await recordIn(tx, held, deps);
    await insertEvents(tx, [{ kind: "worker:lost", body: { worker: id, steps: held.length } }]);
    return recorded.readyCount;
  });
}

async function listHeld(db: LedgerDb, workerId: string): Promise<readonly EndedAttempt[]> {
  const { rows } = await sql<HeldStep & { readonly startedAt: Date; readonly now: Date }>`
    select run_id as "runId", ordinal, asset, partition, lane, reason, attempt, crashes, started_at as "startedAt", now() as now
    from watersmeet.step where state = 'running' and worker_id = ${workerId}`.execute(db);
  return rows.map(({ startedAt, now, ...step }) => ({
    step,
    workerId,
    outcome: { kind: "lost", workerId },
    startedAt,
    finishedAt: now,
    inputs: [],
    inputIds: [],
    orders: null,
  }));
}
