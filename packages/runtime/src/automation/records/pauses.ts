import type { AssetKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import { insertEvents } from "../../ledger/events.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";

interface PauseOrder {
  readonly environment: string;
  readonly name: AssetKey;
  readonly by: string;
}

/** Stops an automation. Another pause of what is paused changes nothing: the first reason stands. */
export async function pauseAutomation(db: LedgerDb, order: PauseOrder & { readonly reason: string }): Promise<void> {
  const { environment, name, by, reason } = order;
  await db.transaction().execute(async (tx) => {
    const paused = await sql`
      insert into watersmeet.automation_pause (environment, name, paused_by, reason) values (${environment}, ${name}, ${by}, ${reason})
      on conflict (environment, name) do nothing returning name`.execute(tx);
    if (paused.rows.length > 0) await insertEvents(tx, [{ kind: "automation:paused", body: { name, by, reason } }]);
  });
}

/** Lets it go on from an instant: what it would have done in between is left out, and an evaluation that is under way is not recorded. */
export async function resumeAutomation(db: LedgerDb, order: PauseOrder & { readonly at: Date }): Promise<void> {
  const { environment, name, by, at } = order;
  await db.transaction().execute(async (tx) => {
    const resumed = await sql`
      delete from watersmeet.automation_pause where environment = ${environment} and name = ${name} returning name`.execute(
      tx,
    );
    if (resumed.rows.length === 0) return;
    await sql`
      update watersmeet.automation set revision = revision + 1, evaluated_at = greatest(evaluated_at, ${at}),
        state = case when kind = 'condition' and state ? 'evaluatedAt'
          then jsonb_set(state, '{evaluatedAt}', to_jsonb(greatest(state ->> 'evaluatedAt', ${at.toISOString()}::text))) else state end
      where environment = ${environment} and name = ${name}`.execute(tx);
    await insertEvents(tx, [{ kind: "automation:resumed", body: { name, by } }]);
  });
}
