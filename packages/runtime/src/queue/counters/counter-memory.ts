import { sql } from "kysely";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";
import type { StoredShape } from "../shape/shape-cache.ts";
import { readFlushes, type Flush } from "./flush-log.ts";
import { listHeldWithoutRow } from "./holds.ts";
import { beginProgress, countFromStart, withRows, type RunCounters } from "./run-counters.ts";
import type { EndedSteps, StepRows } from "./step-rows.ts";

/** Counters of the runs that a process works on. Nothing in it has to be right for ever: what is of another revision is brought up to date or counted again. */
export interface CounterMemory {
  /** The counters of a run as of the revision that its row has. The row is locked, or they may be old when they arrive. */
  open(
    db: LedgerDb,
    run: { readonly id: RunId; readonly revision: number; readonly shape: StoredShape },
  ): Promise<RunCounters>;
  /** What is known of a run, of whatever revision. */
  peek(runId: RunId): RunCounters | undefined;
  forget(runId: RunId): void;
}

export function createCounterMemory(capacity = 32): CounterMemory {
  const known = new Map<RunId, RunCounters>();
  return {
    async open(db, run) {
      const before = known.get(run.id);
      const counters =
        (before === undefined ? undefined : await catchUp(db, run, before)) ?? (await countFromSteps(db, run));
      // Last used comes last.
      known.delete(run.id);
      known.set(run.id, counters);
      const oldest = known.keys().next();
      if (known.size > capacity && oldest.done !== true) known.delete(oldest.value);
      return counters;
    },
    peek: (runId) => known.get(runId),
    forget(runId) {
      known.delete(runId);
    },
  };
}

interface LockedRun {
  readonly id: RunId;
  readonly revision: number;
  readonly shape: StoredShape;
}

async function catchUp(db: LedgerDb, run: LockedRun, counters: RunCounters): Promise<RunCounters | undefined> {
  if (counters.revision === run.revision) return counters;
  if (counters.revision > run.revision) return undefined;
  const flushes = await readFlushes(db, run.id, { after: counters.revision, upTo: run.revision });
  for (const flush of flushes ?? []) {
    // Another transaction of this process may have brought them further meanwhile.
    if (flush.revision === counters.revision + 1) applyEnded(run.shape, counters, flush);
  }
  return counters.revision === run.revision ? counters : undefined;
}

function applyEnded(shape: StoredShape, counters: RunCounters, flush: Flush): void {
  const progress = beginProgress(shape, counters);
  progress.end(flush);
  progress.make(flush.made);
  progress.apply(flush.revision);
}

/** What a process does that has never seen the run, or has lost it. */
export async function countFromSteps(db: LedgerDb, run: LockedRun): Promise<RunCounters> {
  const counters = await countEnded(db, run);
  return run.shape.windowSize === null ? counters : withRows(run.shape, counters, await readRows(db, run));
}

async function countEnded(db: LedgerDb, { id, shape, revision }: LockedRun): Promise<RunCounters> {
  // Nothing has ended before the first revision.
  if (revision === 0) return countFromStart(shape);
  const counters = countFromStart(shape, revision - 1);
  applyEnded(shape, counters, { ...(await readEnded(db, id)), revision, made: [] });
  return counters;
}

/** A step that waits again, after a retry, is made ready like one without a row; one that is held has as good as a row. */
async function readRows(db: LedgerDb, { id, shape }: LockedRun): Promise<Pick<StepRows, "has" | "open">> {
  const { rows } = await sql<{ readonly open: readonly number[] | null; readonly ended: readonly number[] | null }>`
    select array_agg(ordinal) filter (where state < 'succeeded') as open, array_agg(ordinal) filter (where state >= 'succeeded') as ended
    from watersmeet.step where run_id = ${id} and state <> 'waiting'`.execute(db);
  const has = new Uint8Array(shape.stepCount);
  const open = [...(rows[0]?.open ?? []), ...(await listHeldWithoutRow(db, id))];
  for (const step of open) has[step] = 1;
  for (const step of rows[0]?.ended ?? []) has[step] = 1;
  return { has, open: open.length };
}

async function readEnded(db: LedgerDb, runId: RunId): Promise<EndedSteps> {
  const { rows } = await sql<{ readonly good: readonly number[] | null; readonly bad: readonly number[] | null }>`
    select array_agg(ordinal) filter (where state in ('succeeded', 'unchanged')) as good,
      array_agg(ordinal) filter (where state not in ('succeeded', 'unchanged')) as bad
    from watersmeet.step where run_id = ${runId} and state >= 'succeeded'`.execute(db);
  return { good: rows[0]?.good ?? [], bad: rows[0]?.bad ?? [] };
}
