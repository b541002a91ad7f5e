import { sql } from "kysely";
import {
  defaultBreakerSettings,
  defaultRetryBudget,
  type BreakerSettings,
  type RetryBudget,
} from "../../config/failure-terms.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";

/** What the configuration says of the breaker and the budget of a resource. `null`: it has none. */
export interface BreakerTerms {
  /** @default defaultBreakerSettings */
  readonly breaker?: BreakerSettings | null;
  /** @default defaultRetryBudget */
  readonly retryBudget?: RetryBudget | null;
}

/** The terms of the configuration hold for all workers: whoever opens the project last sets them. How the breakers stand is not touched. */
export async function ensureBreakers(db: LedgerDb, resources: Readonly<Record<string, BreakerTerms>>): Promise<void> {
  // In one order, so that processes that start together do not wait in a circle.
  const entries = Object.entries(resources).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return;
  await sql`
    insert into watersmeet.breaker as known (resource, settings, retry_budget)
    select * from unnest(
      ${entries.map(([name]) => name)}::text[],
      ${entries.map(([, { breaker = defaultBreakerSettings }]) => toJson(breaker))}::jsonb[],
      ${entries.map(([, { retryBudget = defaultRetryBudget }]) => toJson(retryBudget))}::jsonb[])
    on conflict (resource) do update set settings = excluded.settings, retry_budget = excluded.retry_budget,
      -- Without settings nothing would close it.
      state = case when excluded.settings is null and known.state = 'open' then 'closed' else known.state end
      where (known.settings, known.retry_budget) is distinct from (excluded.settings, excluded.retry_budget)`.execute(
    db,
  );
}

function toJson(value: BreakerSettings | RetryBudget | null): string | null {
  return value === null ? null : JSON.stringify(value);
}
