import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";
import type { ShapeOf, StoredShape } from "../shape/shape-cache.ts";
import { countFromSteps } from "./counter-memory.ts";
import { makeReady } from "./make-steps.ts";
import { beginProgress, listFree } from "./run-counters.ts";

export interface Stranded {
  readonly runId: RunId;
  readonly readyCount: number;
}

/**
 * Runs with open steps of which none is ready or runs, although some could: counts them again from their steps and lets those go. It should find nothing, ever.
 * It is a look at the state all the same, so that no defect in what workers keep in memory can leave a run waiting for ever.
 */
export async function releaseStranded(db: LedgerDb, shapeOf: ShapeOf): Promise<readonly Stranded[]> {
  const { rows } = await sql<{ id: RunId }>`
    select id from watersmeet.run where state < 'succeeded' and ${isStill} order by id`.execute(db);
  const stranded: Stranded[] = [];
  for (const { id } of rows) {
    const shape = await shapeOf(db, id);
    const readyCount = await db.transaction().execute((tx) => releaseRun(tx, id, shape));
    if (readyCount > 0) stranded.push({ runId: id, readyCount });
  }
  return stranded;
}

/** Nothing of the run moves, and no time of a merge is running. */
const isStill = sql`state in ('queued', 'running') and open_count > 0
  and not exists (select from watersmeet.step where step.run_id = run.id and step.state = 'ready')
  and not exists (select from watersmeet.step where step.run_id = run.id and step.state = 'running')
  and not exists (select from watersmeet.step_hold where step_hold.run_id = run.id)
  and not exists (select from watersmeet.step where step.run_id = run.id and step.state = 'waiting' and step.deadline_at is not null)`;

async function releaseRun(tx: Transaction<LedgerDatabase>, runId: RunId, shape: StoredShape): Promise<number> {
  // Who ends the last running step holds the row: the second look sees what it has released.
  await sql`select from watersmeet.run where id = ${runId} for update`.execute(tx);
  const { rows } = await sql<{ revision: number }>`
    select revision from watersmeet.run where id = ${runId} and ${isStill}`.execute(tx);
  const [run] = rows;
  if (run === undefined) return 0;
  const counters = await countFromSteps(tx, { id: runId, revision: run.revision, shape });
  if (shape.windowSize !== null) {
    const steps = beginProgress(shape, counters).fill(shape.windowSize);
    return makeReady(tx, { runId, shape, steps });
  }
  const free = listFree(shape, counters);
  const { rows: moved } = await sql<{ count: number }>`
    with moved as (
      update watersmeet.step set state = 'ready'
      from unnest(${free.map(() => runId)}::bigint[], ${free}::integer[]) as free (run_id, ordinal)
      where step.run_id = free.run_id and step.ordinal = free.ordinal and step.state = 'waiting'
      returning 1)
    select count(*)::integer as count from moved`.execute(tx);
  return moved[0]?.count ?? 0;
}
