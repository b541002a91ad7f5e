import { sql } from "kysely";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";
import type { RunShape } from "../shape/run-shape.ts";
import { readFlushes } from "./flush-log.ts";
import { beginProgress, countFromStart, type EndedSteps, type RunCounters } from "./run-counters.ts";

/** Counters of the runs that a process works on. Nothing in it has to be right for ever: what is of another revision is brought up to date or counted again. */
export interface CounterMemory {
  /** The counters of a run as of the revision that its row has. The row is locked, or they may be old when they arrive. */
  open(
    db: LedgerDb,
    run: { readonly id: RunId; readonly revision: number; readonly shape: RunShape },
  ): Promise<RunCounters>;
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
    forget(runId) {
      known.delete(runId);
    },
  };
}

interface LockedRun {
  readonly id: RunId;
  readonly revision: number;
  readonly shape: RunShape;
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

function applyEnded(shape: RunShape, counters: RunCounters, ended: EndedSteps & { readonly revision: number }): void {
  const progress = beginProgress(shape, counters);
  progress.end(ended);
  progress.apply(ended.revision);
}

/** What a process does that has never seen the run, or has lost it. */
async function countFromSteps(db: LedgerDb, run: LockedRun): Promise<RunCounters> {
  // Nothing has ended before the first revision.
  if (run.revision === 0) return countFromStart(run.shape);
  const counters = countFromStart(run.shape, run.revision - 1);
  const ended = await readEnded(db, run.id);
  applyEnded(run.shape, counters, { ...ended, revision: run.revision });
  return counters;
}

export async function readEnded(db: LedgerDb, runId: RunId): Promise<EndedSteps> {
  const { rows } = await sql<{ readonly good: readonly number[] | null; readonly bad: readonly number[] | null }>`
    select array_agg(ordinal) filter (where state in ('succeeded', 'unchanged')) as good,
      array_agg(ordinal) filter (where state not in ('succeeded', 'unchanged')) as bad
    from watersmeet.step where run_id = ${runId} and state >= 'succeeded'`.execute(db);
  return { good: rows[0]?.good ?? [], bad: rows[0]?.bad ?? [] };
}
