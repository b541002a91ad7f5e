import { sql } from "kysely";
import { insertEvents } from "../../ledger/events.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";
import type { ShapeOf } from "../shape/shape-cache.ts";
import { listBudgets } from "./lane-budgets.ts";
import { moveLanes } from "./settle-budgets.ts";

/**
 * A look at the state, for what nobody records: forgets budgets of runs that have ended, and lets a lane through in runs that stand still because of theirs,
 * after people have moved steps. Gives how many steps may be claimed again.
 */
export async function tendBudgets(db: LedgerDb, shapeOf: ShapeOf): Promise<number> {
  const { rows } = await sql<{ id: RunId; isEnded: boolean }>`
    select id, state >= 'succeeded' as "isEnded" from watersmeet.run
    where id in (select run_id from watersmeet.lane_budget)
      and (state >= 'succeeded' or (state in ('queued', 'running') and ${isHeldUp})) order by id`.execute(db);
  let readyCount = 0;
  for (const { id, isEnded } of rows) {
    if (isEnded) await forget(db, id);
    else readyCount += await look(db, id, shapeOf);
  }
  return readyCount;
}

const isHeldUp = sql`
  exists (select from watersmeet.lane_budget where lane_budget.run_id = run.id and is_paused)
  and not exists (select from watersmeet.step where step.run_id = run.id and step.state = 'running')
  and not exists (select from watersmeet.step where step.run_id = run.id and step.state = 'ready'
    and step.lane not in (select lane from watersmeet.lane_budget where lane_budget.run_id = run.id and is_paused))`;

async function look(db: LedgerDb, runId: RunId, shapeOf: ShapeOf): Promise<number> {
  const shape = await shapeOf(db, runId);
  return db.transaction().execute(async (tx) => {
    await sql`select from watersmeet.run where id = ${runId} for update`.execute(tx);
    const moved = await moveLanes(tx, runId, await listBudgets(tx, { runId, shape }, new Map()));
    await insertEvents(tx, moved.events);
    return moved.readyCount;
  });
}

/** A person may open the run again meanwhile: then it stays. */
async function forget(db: LedgerDb, runId: RunId): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const { rows } = await sql`
      select from watersmeet.run where id = ${runId} and state >= 'succeeded' for update`.execute(tx);
    if (rows.length === 0) return;
    await tx.deleteFrom("staged_output").where("run_id", "=", runId).execute();
    await tx.deleteFrom("lane_budget").where("run_id", "=", runId).execute();
  });
}
