import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";

/** Whether steps that use a resource may start now. */
export type Allowance =
  | { readonly kind: "closed" }
  /** Not before `until`. `null`: not before somebody closes it by hand. */
  | { readonly kind: "open"; readonly until: Date | null; readonly reason: string }
  /** At most so many, each with a lease whose `is_probe` is true; 0: others are trying. */
  | { readonly kind: "halfOpen"; readonly permits: number; readonly reason: string };

/** A probe that has not ended after this long does not keep others from trying. */
const probeLease = "2 minutes";

/** Whoever has the probe of a breaker asks within this time; then a step is tried. */
const probePatience = "30 seconds";

/** Of a row of `breaker` that is half-open: whether its probe goes first. */
const waitsForProbe = sql<boolean>`(probe_ok = 0 and coalesce((settings->>'hasProbe')::boolean, false)
  and case when probing_until is null then retry_at > now() - ${sql.lit(probePatience)}::interval else probing_until > now() end)`;

/**
 * What the breakers of these resources let a worker do, by resource; one without a breaker is not in the map, and is closed.
 * Permits are counted from leases: who takes some must hold the locks of the resources, as a claim does.
 */
export async function readAllowances(
  tx: Transaction<LedgerDatabase>,
  resources: readonly string[],
  workerId: string,
): Promise<ReadonlyMap<string, Allowance>> {
  if (resources.length === 0) return new Map();
  const { rows } = await sql<OpenRow>`
    select resource, kind, until, permits, reason from (
      select breaker.resource, case when state = 'open' and retry_at <= now() then 'halfOpen' else 'open' end as kind, retry_at as until, reason,
        (case when ${waitsForProbe} then 0 when probe_ok = 0 then 1 else greatest(1, (settings->>'probes')::integer - probe_ok) end - (
          select count(*) from watersmeet.resource_lease as lease
          where lease.resource = breaker.resource and lease.is_probe and lease.taken_at > now() - ${probeLease}::interval))::integer as permits
      from watersmeet.breaker
      where resource = any(${[...resources]}::text[])
        and ((state = 'open' and settings is not null) or (state = 'forcedOpen' and (retry_at is null or retry_at > now())))
      union all
      select resource, 'open', until, reason, 0 from watersmeet.breaker_suspect
      where resource = any(${[...resources]}::text[]) and worker_id = ${workerId} and until > now()) as held
    order by resource, kind`.execute(tx);
  const allowances = new Map<string, Allowance>();
  for (const row of rows) allowances.set(row.resource, toAllowance(row, allowances.get(row.resource)));
  return allowances;
}

interface OpenRow {
  readonly resource: string;
  readonly kind: "halfOpen" | "open";
  readonly until: Date | null;
  readonly permits: number;
  readonly reason: string;
}

/** Of two rows of one resource, the one that lets through less; `halfOpen` comes first. */
function toAllowance(row: OpenRow, other: Allowance | undefined): Allowance {
  if (row.kind === "halfOpen") return { kind: "halfOpen", permits: Math.max(0, row.permits), reason: row.reason };
  const isLonger = other?.kind === "open" && (other.until === null || (row.until !== null && other.until >= row.until));
  return isLonger ? other : { kind: "open", until: row.until, reason: row.reason };
}
