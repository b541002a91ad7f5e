import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { NewEvent } from "../../ledger/events.ts";
import type { RunId, RunState } from "../../ledger/records.ts";

/** Ends those of these runs that have no open step, and tells how. Their rows are locked by the caller. */
export async function finishRuns(
  tx: Transaction<LedgerDatabase>,
  ids: readonly RunId[],
): Promise<{ readonly ids: readonly RunId[]; readonly events: readonly NewEvent[] }> {
  if (ids.length === 0) return { ids: [], events: [] };
  const { rows } = await sql<{ id: RunId; state: RunState }>`
    update watersmeet.run set finished_at = now(), state = (case
        when run.state = 'cancelling' then 'cancelled'
        when ends.bad > 0 then 'failed'
        when ends.cancelled > 0 then 'cancelled'
        else 'succeeded' end)::watersmeet.run_state
    from (
      select run_id, sum(failed + blocked + upstream_failed) as bad, sum(cancelled) as cancelled
      from watersmeet.run_asset where run_id = any(${[...ids]}::bigint[]) group by run_id) as ends
    where run.id = ends.run_id and run.open_count = 0 and run.state < 'succeeded'
    returning run.id, run.state`.execute(tx);
  if (rows.length > 0) {
    const ended = rows.map((row) => row.id);
    await sql`
      with held as (delete from watersmeet.step_hold where run_id = any(${ended}::bigint[]))
      delete from watersmeet.run_flush where run_id = any(${ended}::bigint[])`.execute(tx);
  }
  return {
    ids: rows.map((row) => row.id),
    events: rows.map((row) => ({ kind: "run:finished", runId: row.id, body: { state: row.state } })),
  };
}
