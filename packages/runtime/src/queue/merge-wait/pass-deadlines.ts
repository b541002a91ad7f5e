import { normalizeRanges } from "@watersmeet/core/values";
import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import { insertEvents } from "../../ledger/events.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";
import { settleBudgets } from "../budget/settle-budgets.ts";
import { createCounterMemory } from "../counters/counter-memory.ts";
import { advanceRun } from "../record/advance-runs.ts";
import { finishRuns } from "../record/finish-runs.ts";
import type { RecordDeps } from "../record/record-outcomes.ts";

/** Steps that may be claimed because the time of their merges has passed, and whether anything was decided. */
export interface PassedDeadlines {
  readonly decidedCount: number;
  readonly readyCount: number;
}

/** Runs in which the time of a merge has passed. A state, not an event: any worker sees it, whenever it looks, whoever has died. */
export async function listDueRuns(db: LedgerDb): Promise<readonly RunId[]> {
  const { rows } = await sql<{ id: RunId }>`
    select distinct run.id from watersmeet.step join watersmeet.run on run.id = step.run_id
    where step.state = 'waiting' and step.deadline_at <= now() and run.state in ('queued', 'running') order by run.id`.execute(
    db,
  );
  return rows.map((row) => row.id);
}

/** Lets the merges of a run decide whose time has passed. Two workers that see it at once take turns on the run's row, and the second finds nothing to do. */
export async function passDeadlines(
  db: LedgerDb,
  runId: RunId,
  deps: Pick<RecordDeps, "shapeOf" | "counters">,
): Promise<PassedDeadlines> {
  const shape = await deps.shapeOf(db, runId);
  const memory = deps.counters ?? createCounterMemory();
  const { remember, ...passed } = await db.transaction().execute(async (tx) => {
    const revision = await lockRun(tx, runId);
    const counters = await memory.open(tx, { id: runId, revision, shape });
    const due = await listDue(tx, runId);
    const judged = normalizeRanges(due.map((ordinal) => [ordinal, ordinal + 1] as const));
    const run = { runId, shape, counters, isCancelling: false, room: () => null };
    const advance = await advanceRun(tx, run, { ended: [], givenUp: [], judged });
    const budgets = await settleBudgets(tx, { runId, shape }, { attempts: [], ended: advance.ended });
    const finished = await finishRuns(tx, advance.isLast ? [runId] : []);
    await insertEvents(tx, [...advance.events, ...budgets.events, ...finished.events]);
    const readyCount = advance.readyCount + budgets.readyCount;
    return { decidedCount: due.length, readyCount, remember: advance.remember };
  });
  remember();
  return passed;
}

async function lockRun(tx: Transaction<LedgerDatabase>, runId: RunId): Promise<number> {
  const { rows } = await sql<{ revision: number }>`
    select revision from watersmeet.run where id = ${runId} for update`.execute(tx);
  return rows[0]?.revision ?? 0;
}

async function listDue(tx: Transaction<LedgerDatabase>, runId: RunId): Promise<readonly number[]> {
  const { rows } = await sql<{ ordinal: number }>`
    select ordinal from watersmeet.step where run_id = ${runId} and state = 'waiting' and deadline_at <= now() order by ordinal`.execute(
    tx,
  );
  return rows.map((row) => row.ordinal);
}
