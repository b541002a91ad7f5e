import { sql, type Transaction } from "kysely";
import type { Lane, LedgerDatabase } from "../../ledger/database.ts";
import type { RunId } from "../../ledger/records.ts";
import type { Origin } from "./fair-turns.ts";

export interface ClaimableRun {
  readonly id: RunId;
  readonly origin: Origin;
  readonly state: "queued" | "running";
  readonly max_parallel: number | null;
  readonly lanes: readonly Lane[];
  readonly has_suspects: boolean;
  /** Grows each time the run is pinned to other code. */
  readonly code_revision: number;
}

/** What automation submits is asked for by nobody who waits for it. */
const originOf = sql<Origin>`case when kind = 'backfill' then 'backfill' when requested_by like 'automation:%' then 'scheduled' else 'live' end`;

export async function listClaimableRuns(tx: Transaction<LedgerDatabase>): Promise<readonly ClaimableRun[]> {
  const { rows } = await sql<ClaimableRun>`
    select id, ${originOf} as origin, state, max_parallel, lanes, code_revision,
      exists (select from watersmeet.step where step.run_id = run.id and step.state = 'ready' and step.crashes > 0) as has_suspects
    from watersmeet.run
    where state < 'succeeded' and state in ('queued', 'running')
      and exists (select from watersmeet.step where step.run_id = run.id and step.state = 'ready'
        and (step.not_before is null or step.not_before <= now()))
    order by kind desc, id`.execute(tx);
  return rows;
}
