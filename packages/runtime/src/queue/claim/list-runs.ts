import { sql, type Transaction } from "kysely";
import type { Lane, LedgerDatabase } from "../../ledger/database.ts";
import type { RunId } from "../../ledger/records.ts";

export interface ClaimableRun {
  readonly id: RunId;
  readonly kind: "run" | "backfill";
  readonly state: "queued" | "running";
  readonly max_parallel: number | null;
  readonly lanes: readonly Lane[];
  readonly has_suspects: boolean;
}

export async function listClaimableRuns(tx: Transaction<LedgerDatabase>): Promise<readonly ClaimableRun[]> {
  const { rows } = await sql<ClaimableRun>`
    select id, kind, state, max_parallel, lanes,
      exists (select from watersmeet.step where step.run_id = run.id and step.state = 'ready' and step.crashes > 0) as has_suspects
    from watersmeet.run
    where state < 'succeeded' and state in ('queued', 'running')
      and exists (select from watersmeet.step where step.run_id = run.id and step.state = 'ready'
        and (step.not_before is null or step.not_before <= now()))
    order by kind desc, id`.execute(tx);
  return rows;
}

/** Live runs get four times the share of backfills while both have steps to run; what one leaves, the other takes. */
const shares: Readonly<Record<"run" | "backfill", number>> = { run: 4, backfill: 1 };

export function shareOf(run: ClaimableRun, runs: readonly ClaimableRun[], limit: number): number {
  const total = runs.reduce((sum, each) => sum + shares[each.kind], 0);
  return Math.max(1, Math.floor((limit * shares[run.kind]) / total));
}
