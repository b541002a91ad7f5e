import { sql, type Transaction } from "kysely";
import type { Lane, LedgerDatabase } from "../../../ledger/database.ts";
import type { RunId } from "../../../ledger/records.ts";
import type { ClaimableRun } from "../list-runs.ts";

/** A lane that has waited so long for several units at once that they are kept for it. */
export interface Reservation {
  readonly runId: RunId;
  readonly lane: number;
  /** Resources that no other lane takes from until this one has taken. */
  readonly names: ReadonlySet<string>;
}

/** Light steps would go before a heavy one for ever, since what they give back is always enough for the next of them. */
const patience = "3 seconds";

/** A lane that no worker has asked for lately keeps nothing: those that could take it may be gone. */
const attention = "5 seconds";

/**
 * The lane that has waited longest. One at a time: it holds nothing while it waits, everything that it waits for is given back in time, and nobody takes it
 * meanwhile, so it gets its turn, and lanes cannot wait for each other in a circle. The resources are locked.
 */
export async function findReservation(
  tx: Transaction<LedgerDatabase>,
  runs: readonly ClaimableRun[],
): Promise<Reservation | null> {
  if (!runs.some((run) => run.lanes.some(isHeavy))) return null;
  const { rows } = await sql<{ runId: RunId; lane: number; names: readonly string[] }>`
    select run.id as "runId", lane_wait.lane,
      array(select use ->> 'name' from jsonb_array_elements(run.lanes -> lane_wait.lane -> 'resources') as use) as names
    from watersmeet.lane_wait join watersmeet.run on run.id = lane_wait.run_id
    where since < now() - ${patience}::interval and seen_at > now() - ${attention}::interval and run.state in ('queued', 'running')
      and exists (select from watersmeet.step where step.run_id = run.id and step.lane = lane_wait.lane and step.state = 'ready'
        and (step.not_before is null or step.not_before <= now()))
    order by since, run_id, lane limit 1`.execute(tx);
  const [row] = rows;
  return row === undefined ? null : { runId: row.runId, lane: row.lane, names: new Set(row.names) };
}

/** Whether steps of a lane need more than one unit at a time, and so may be overtaken for ever. */
export function isHeavy(lane: Pick<Lane, "resources">): boolean {
  return lane.resources.length > 1 || lane.resources.some((use) => use.weight > 1);
}

/** Notes lanes that could not take what they need. */
export async function noteWaits(
  tx: Transaction<LedgerDatabase>,
  runId: RunId,
  lanes: readonly number[],
): Promise<void> {
  if (lanes.length === 0) return;
  await sql`
    insert into watersmeet.lane_wait (run_id, lane)
    select ${runId}, lane from unnest(${[...lanes]}::smallint[]) as waiting (lane)
    where exists (select from watersmeet.step where step.run_id = ${runId} and step.lane = waiting.lane and step.state = 'ready'
      and (step.not_before is null or step.not_before <= now()))
    on conflict (run_id, lane) do update set seen_at = now(),
      since = case when lane_wait.seen_at > now() - ${attention}::interval then lane_wait.since else now() end`.execute(
    tx,
  );
}

/** Lanes that have taken wait from now on. */
export async function endWaits(tx: Transaction<LedgerDatabase>, runId: RunId, lanes: readonly number[]): Promise<void> {
  if (lanes.length === 0) return;
  await sql`delete from watersmeet.lane_wait where run_id = ${runId} and lane = any(${[...lanes]}::smallint[])`.execute(
    tx,
  );
}
