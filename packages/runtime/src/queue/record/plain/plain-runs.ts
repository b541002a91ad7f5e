import type { RunId } from "../../../ledger/records.ts";

/**
 * What a worker remembers of runs whose ends it may record plainly: whether it is worth a try, and how many steps of each hold have not ended. Nothing of it
 * has to be right: the ledger refuses what is not so, and the ends are recorded in full.
 */
export interface PlainRuns {
  mayTry(runId: RunId): boolean;
  /** As a record in full has found it, or as a plain one was refused. */
  note(runId: RunId, isPlain: boolean): void;
  /** The worker took so many steps, without rows. */
  took(runId: RunId, hold: number, count: number): void;
  /** How many steps of a hold have not ended; 0: the worker has no such hold any more. */
  countHeld(runId: RunId, hold: number): number;
  ended(runId: RunId, hold: number, count: number): void;
  /** Steps that were held have rows now. */
  settled(runId: RunId): void;
  forget(runId: RunId): void;
}

export function createPlainRuns(): PlainRuns {
  const plain = new Set<RunId>();
  const holds = new Map<RunId, Map<number, number>>();
  return {
    mayTry: (runId) => plain.has(runId),
    note(runId, isPlain) {
      if (isPlain) plain.add(runId);
      else plain.delete(runId);
    },
    took(runId, hold, count) {
      const held = holds.get(runId) ?? new Map<number, number>();
      holds.set(runId, held.set(hold, count));
    },
    countHeld: (runId, hold) => holds.get(runId)?.get(hold) ?? 0,
    ended(runId, hold, count) {
      const held = holds.get(runId);
      const left = (held?.get(hold) ?? 0) - count;
      if (left > 0) held?.set(hold, left);
      else held?.delete(hold);
    },
    settled(runId) {
      holds.delete(runId);
    },
    forget(runId) {
      plain.delete(runId);
      holds.delete(runId);
    },
  };
}
