import { sql } from "kysely";
import type { LedgerCheck } from "./ledger-check.ts";

export interface HeldBounds {
  /** Class of the advisory locks by which workers show that they live. */
  readonly livenessLockClass: number;
  /** A worker that has not beaten for so long is gone, whatever its lock says. */
  readonly beatTtlMs: number;
}

/** A worker that lost its session takes its lock again within this time. */
const reconnectMs = 2000;

/** I6: what is held, is held by somebody who is there. */
export function listHeldChecks({ livenessLockClass, beatTtlMs }: HeldBounds): readonly LedgerCheck[] {
  return [
    {
      code: "STEP_WITHOUT_WORKER",
      query: sql`
        select run_id as run, ordinal, asset, partition, worker_id as worker,
          format('attempt %s of step %s is running in worker %s, which the ledger does not know', attempt, ordinal, worker_id) as message
        from watersmeet.step
        where state = 'running' and not exists (select from watersmeet.worker where worker.id = step.worker_id)
        union all
        select run_id, steps[1], null, null, worker_id, format('worker %s, which the ledger does not know, holds %s steps that have no rows yet', worker_id,
          cardinality(steps)) as message
        from watersmeet.step_hold where not exists (select from watersmeet.worker where worker.id = step_hold.worker_id)`,
    },
    {
      // The lock is only looked at: taking it, even for a moment, would make a worker that registers believe that it has a double.
      code: "WORKER_DEAD",
      query: sql`
        select id as worker, format('worker %s (process %s on %s) has not beaten for %s s and is still listed', id, pid, host,
          extract(epoch from now() - beat_at)::integer) as message
        from watersmeet.worker
        where beat_at < now() - ${beatTtlMs} * interval '1 millisecond'
          or (beat_at < now() - ${reconnectMs} * interval '1 millisecond' and not exists (
            select from pg_locks where locktype = 'advisory' and granted and objsubid = 2 and classid::bigint = ${livenessLockClass}
              and database = (select oid from pg_database where datname = current_database())
              and objid::bigint = worker.id % (2::bigint ^ 31)::bigint))`,
    },
    {
      code: "LEASE_WITHOUT_STEP",
      query: sql`
        select run_id as run, ordinal, worker_id as worker,
          format('step %s holds a lease of "%s" and does not run', ordinal, resource) as message
        from watersmeet.resource_lease
        where not exists (select from watersmeet.step
          where step.run_id = resource_lease.run_id and step.ordinal = resource_lease.ordinal and step.state = 'running')`,
    },
  ];
}
