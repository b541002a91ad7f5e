import { sql } from "kysely";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { Store } from "../../stores/store.ts";
import { violation, type Violation } from "../violations.ts";

/**
 * Attempts of this installation that have ended and left something staged in a store: their processes were killed, or could not drop it. The store is asked
 * before the ledger: whoever has something staged had its step by then, and who has it no more never gets it back, since attempts are numbered. Attempts of
 * others, who share the store, are left alone.
 */
async function listLeft(db: LedgerDb, store: Store): Promise<readonly string[]> {
  const staged = await store.listStaged();
  if (staged.length === 0) return [];
  const { rows } = await sql<{ attempt: string }>`
    with named as materialized (
      select attempt, split_part(attempt, '_', 2)::bigint as run_id, split_part(attempt, '_', 3)::integer as ordinal,
        split_part(attempt, '_', 4)::integer as number
      from unnest(${staged}::text[]) as staged (attempt)
      where attempt ~ ('^' || (select id from watersmeet.installation) || '_[0-9]+_[0-9]+_[0-9]+$'))
    select attempt from named
    where not exists (select from watersmeet.step
        where step.run_id = named.run_id and step.ordinal = named.ordinal and step.attempt = named.number and step.state = 'running')
      and not exists (select from watersmeet.step_hold
        where step_hold.run_id = named.run_id and named.ordinal = any(step_hold.steps))
    order by attempt`.execute(db);
  return rows.map((row) => row.attempt);
}

/** Safe while others work. Gives the attempts whose stagings were dropped. */
export async function dropLeftStagings(db: LedgerDb, store: Store): Promise<readonly string[]> {
  const left = await listLeft(db, store);
  if (left.length > 0) await store.discardAttempts(left);
  return left;
}

/** I8: what attempts that have ended left in a store. */
export async function findLeftStagings(db: LedgerDb, store: Store): Promise<readonly Violation[]> {
  const left = await listLeft(db, store);
  return left.map((attempt) =>
    violation(
      "STAGING_LEFT",
      { store: store.name, attempt },
      `the store ${store.name} keeps what attempt ${attempt} has staged, which has ended`,
    ),
  );
}
