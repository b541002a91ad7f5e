import { WatersmeetError } from "@watersmeet/core/errors";
import { sql } from "kysely";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import { phaseOf, type BreakerPhase, type BreakerState } from "./rules/decide-breaker.ts";

/** How a breaker stands, and what was counted within the last ten minutes. */
export interface BreakerRecord {
  readonly resource: string;
  readonly phase: BreakerPhase;
  /** Whether the configuration gives it one. */
  readonly isConfigured: boolean;
  /** Of one that is open: when a probe may go; of one held by hand: when that ends. `null`: not by itself. */
  readonly until: Date | null;
  readonly openedAt: Date | null;
  readonly reason: string | null;
  /** Who moved it last. */
  readonly changedBy: string;
  readonly changedAt: Date;
  readonly failedProbes: number;
  /** Since it closed last. */
  readonly calls: { readonly ok: number; readonly failed: number; readonly slow: number };
  readonly retries: { readonly attempts: number; readonly retries: number; readonly allowed: number | null };
  /** Steps that are ready, and wait for it. */
  readonly waiting: number;
  /** Workers that must leave the resource alone although its breaker is closed. */
  readonly suspects: readonly { readonly workerId: string; readonly until: Date; readonly reason: string }[];
}

/** By name, of every resource that has one, or is held by hand. */
export async function listBreakers(db: LedgerDb): Promise<readonly BreakerRecord[]> {
  return selectBreakers(db, null);
}

/** @throws {NOT_FOUND} */
export async function getBreaker(db: LedgerDb, resource: string): Promise<BreakerRecord> {
  const [found] = await selectBreakers(db, resource);
  if (found !== undefined) return found;
  throw new WatersmeetError("NOT_FOUND", `There is no resource ${resource}`, { details: { resource } });
}

async function selectBreakers(db: LedgerDb, resource: string | null): Promise<readonly BreakerRecord[]> {
  const { rows } = await sql<BreakerRow>`
    select resource, state, settings is not null as "isConfigured", retry_at as "retryAt", opened_at as "openedAt", reason, changed_by as "changedBy",
      changed_at as "changedAt", failed_probes as "failedProbes", now() as now, ok, failed, slow, attempts, retries,
      greatest((retry_budget->>'least')::integer, floor((retry_budget->>'share')::double precision * attempts)::integer) as allowed,
      (select count(*)::integer from watersmeet.run
        cross join lateral jsonb_array_elements(lanes) with ordinality as lane (body, position)
        join watersmeet.step on step.run_id = run.id and step.state = 'ready' and step.lane = position - 1
        where run.state < 'succeeded' and run.state in ('queued', 'running')
          and lane.body->'resources' @> jsonb_build_array(jsonb_build_object('name', resource))) as waiting,
      coalesce((select json_agg(json_build_object('workerId', worker_id::text, 'until', until, 'reason', reason) order by worker_id)
        from watersmeet.breaker_suspect as suspect where suspect.resource = breaker.resource and until > now()), '[]') as suspects
    from watersmeet.breaker
    cross join lateral (
      select coalesce(sum(ok) filter (where is_present), 0)::integer as ok, coalesce(sum(bad) filter (where is_present), 0)::integer as failed,
        coalesce(sum(slow) filter (where is_present), 0)::integer as slow, coalesce(sum(attempts), 0)::integer as attempts,
        coalesce(sum(retries), 0)::integer as retries
      from (select *, generation >= breaker.counted_from as is_present from watersmeet.breaker_bucket as bucket
        where bucket.resource = breaker.resource and bucket_at > now() - interval '10 minutes') as bucket) as counted
    where case when ${resource}::text is null then settings is not null or retry_budget is not null or state <> 'closed' else resource = ${resource} end
    order by resource collate "C"`.execute(db);
  return rows.map(toRecord);
}

interface BreakerRow {
  readonly resource: string;
  readonly state: BreakerState;
  readonly isConfigured: boolean;
  readonly retryAt: Date | null;
  readonly openedAt: Date | null;
  readonly reason: string | null;
  readonly changedBy: string;
  readonly changedAt: Date;
  readonly failedProbes: number;
  readonly now: Date;
  readonly ok: number;
  readonly failed: number;
  readonly slow: number;
  readonly attempts: number;
  readonly retries: number;
  readonly allowed: number | null;
  readonly waiting: number;
  readonly suspects: readonly { readonly workerId: string; readonly until: string; readonly reason: string }[];
}

function toRecord(row: BreakerRow): BreakerRecord {
  const { ok, failed, slow, attempts, retries, allowed } = row;
  const phase = phaseOf(row, row.now);
  const isHeld = phase !== "closed";
  return {
    resource: row.resource,
    phase,
    isConfigured: row.isConfigured,
    until: isHeld ? row.retryAt : null,
    openedAt: row.openedAt,
    reason: isHeld ? row.reason : null,
    changedBy: row.changedBy,
    changedAt: row.changedAt,
    failedProbes: row.failedProbes,
    calls: { ok, failed, slow },
    retries: { attempts, retries, allowed },
    waiting: row.waiting,
    suspects: row.suspects.map((suspect) => ({ ...suspect, until: new Date(suspect.until) })),
  };
}
