import { sql, type Transaction } from "kysely";
import type { BreakerSettings, RetryBudget } from "../../config/failure-terms.ts";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { RunId } from "../../ledger/records.ts";
import type { Breaker } from "./rules/decide-breaker.ts";
import type { WorkerCounts } from "./rules/find-trip.ts";

/** A breaker with what was counted for it. */
export interface StoredBreaker extends Breaker {
  readonly resource: string;
  /** `null`: the resource has no breaker. */
  readonly settings: BreakerSettings | null;
  /** `null`: the resource has no budget. */
  readonly retryBudget: RetryBudget | null;
  readonly generation: string;
  readonly changedAt: Date;
  readonly reason: string | null;
  /** Of the database; the same for all workers. */
  readonly now: Date;
  readonly counts: readonly StoredCounts[];
}

export interface StoredCounts extends WorkerCounts {
  readonly attempts: number;
  readonly retries: number;
}

/** By resource; those that have neither breaker nor budget, and are not held open by hand, are not in the map. */
export async function readBreakers(
  tx: Transaction<LedgerDatabase>,
  resources: readonly string[],
): Promise<ReadonlyMap<string, StoredBreaker>> {
  const { rows } = await sql<StoredBreaker>`
    select resource, settings, retry_budget as "retryBudget", state, generation, changed_at as "changedAt", retry_at as "retryAt",
      opened_at as "openedAt", failed_probes as "failedProbes", probe_ok as "probeOk", reason, now() as now,
      coalesce((select json_agg(each) from (
        select worker_id::text as "workerId", sum(attempts)::integer as attempts, sum(retries)::integer as retries,
          coalesce(sum(ok) filter (where is_present), 0)::integer as ok, coalesce(sum(bad) filter (where is_present), 0)::integer as bad,
          coalesce(sum(slow) filter (where is_present), 0)::integer as slow,
          coalesce((array_agg(bad_streak order by bucket_at desc, generation desc) filter (where is_present))[1], 0) as "badStreak",
          coalesce((array_agg(unreachable_streak order by bucket_at desc, generation desc) filter (where is_present))[1], 0) as "unreachableStreak"
        from (select *, generation >= breaker.counted_from as is_present from watersmeet.breaker_bucket as bucket
          where bucket.resource = breaker.resource
            and bucket_at > now() - coalesce((settings->>'windowMs')::double precision, 600000) * interval '1 millisecond') as bucket
        group by worker_id) as each), '[]') as counts
    from watersmeet.breaker
    where resource = any(${[...resources]}::text[]) and (settings is not null or retry_budget is not null or state <> 'closed')`.execute(
    tx,
  );
  return new Map(rows.map((row) => [row.resource, row]));
}

/** Whoever decides holds these, in the order of names in which they are configured too, until the commit: what is read afterwards is what all others have written. */
export async function lockBreakers(tx: Transaction<LedgerDatabase>, resources: readonly string[]): Promise<void> {
  await sql`select from watersmeet.breaker where resource = any(${[...resources]}::text[]) order by resource collate "C" for no key update`.execute(
    tx,
  );
}

export interface LeaseFacts {
  readonly resource: string;
  readonly runId: RunId;
  readonly ordinal: number;
  readonly takenAt: Date;
  readonly isProbe: boolean;
}

/** The leases under which these steps used their resources; before they are given back. */
export async function readLeases(
  tx: Transaction<LedgerDatabase>,
  steps: readonly { readonly runId: RunId; readonly ordinal: number }[],
): Promise<readonly LeaseFacts[]> {
  const { rows } = await sql<LeaseFacts>`
    select resource, lease.run_id as "runId", lease.ordinal, taken_at as "takenAt", is_probe as "isProbe"
    from unnest(${steps.map((step) => step.runId)}::bigint[], ${steps.map((step) => step.ordinal)}::integer[]) as held (run_id, ordinal)
    join watersmeet.resource_lease as lease on lease.run_id = held.run_id and lease.ordinal = held.ordinal`.execute(tx);
  return rows;
}

export interface Suspect {
  readonly resource: string;
  readonly workerId: string;
  readonly until: Date;
  readonly times: number;
  readonly reason: string;
}

/** Workers that left one of these resources alone within the last half hour, or do now. */
export async function readSuspects(
  tx: Transaction<LedgerDatabase>,
  resources: readonly string[],
): Promise<readonly Suspect[]> {
  const { rows } = await sql<Suspect>`
    select resource, worker_id as "workerId", until, times, reason from watersmeet.breaker_suspect
    where resource = any(${[...resources]}::text[]) and until > now() - interval '30 minutes'`.execute(tx);
  return rows;
}

/** Live workers that can open one of these stores, and so could have these steps. One that has begun just now has not said yet what it can open. */
export async function countActiveWorkers(tx: Transaction<LedgerDatabase>, stores: readonly string[]): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from watersmeet.worker
    where beat_at > now() - interval '15 seconds' and (stores && ${[...stores]}::text[] or stores = '{}')`.execute(tx);
  return Math.max(1, rows[0]?.count ?? 0);
}

/** What steps of these assets usually take, in ms, where it is known. */
export async function readUsualMs(
  tx: Transaction<LedgerDatabase>,
  assets: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ asset: string; usualMs: number }>`
    select asset, mean_ms as "usualMs" from watersmeet.asset_pace where asset = any(${[...assets]}::text[])`.execute(
    tx,
  );
  return new Map(rows.map((row) => [row.asset, row.usualMs]));
}
