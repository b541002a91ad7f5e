import { sql } from "kysely";
import type { LedgerDb } from "../ledger/open-ledger.ts";
import { ensureBreakers, type BreakerTerms } from "./breaker/ensure-breakers.ts";
import type { Rate } from "./limits/rate.ts";

/** What the configuration says of an outside system. */
export interface ResourceLimit extends BreakerTerms {
  /** Units in use at the same time, over all workers; `auto`: as many as it answers well to; `null`: any number. */
  readonly concurrency: number | "auto" | null;
  /** Of `auto`. @default 1 */
  readonly min?: number;
  /** Of `auto`. @default 64 */
  readonly max?: number;
  readonly rate?: Rate | null;
}

const defaultMax = 64;

/** The limits of the configuration hold for all workers: whoever opens the project last sets them. What people have set for a while stays. */
export async function ensureResources(db: LedgerDb, resources: Readonly<Record<string, ResourceLimit>>): Promise<void> {
  // In one order, so that processes that start together do not wait in a circle.
  const entries = Object.entries(resources).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return;
  const rows = entries.map(([name, { concurrency, min = 1, max = defaultMax, rate = null }]) => ({
    name,
    concurrency: concurrency === "auto" ? max : concurrency,
    is_auto: concurrency === "auto",
    least: min,
    rate_count: rate?.count ?? null,
    rate_ms: rate?.perMs ?? null,
    rate_burst: rate?.burst ?? null,
  }));
  await sql`
    insert into watersmeet.resource (name, concurrency, is_auto, least, rate_count, rate_ms, rate_burst)
    select name, concurrency, is_auto, least, rate_count, rate_ms, rate_burst
    from jsonb_populate_recordset(null::watersmeet.resource, ${JSON.stringify(rows)}::jsonb)
    on conflict (name) do update set concurrency = excluded.concurrency, is_auto = excluded.is_auto, least = excluded.least,
      rate_count = excluded.rate_count, rate_ms = excluded.rate_ms, rate_burst = excluded.rate_burst`.execute(db);
  await ensureBreakers(db, resources);
}
