import type { Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { RunId } from "../../ledger/records.ts";
import { makeReady, makeRunning } from "../counters/make-steps.ts";
import type { Progress } from "../counters/run-counters.ts";
import type { StoredShape } from "../shape/shape-cache.ts";
import { listTakeable, type Released, type Room } from "./release-steps.ts";

/**
 * In a run that is too large to have all of its rows at once, steps that wait for nothing any more get theirs: as running, by the worker that takes them, the
 * others in the order of the run as far as the window reaches. The run's row is locked.
 */
export async function releaseInWindow(
  tx: Transaction<LedgerDatabase>,
  run: {
    readonly runId: RunId;
    readonly shape: StoredShape;
    readonly windowSize: number;
    readonly progress: Progress;
    readonly room: () => Room | null;
  },
  released: readonly number[],
): Promise<Released> {
  const { runId, shape, progress, windowSize } = run;
  const room = released.length === 0 ? null : run.room();
  const taken = await listTakeable(tx, { runId, shape, room }, released);
  progress.make(taken);
  const drains = listDrains(shape, released, taken);
  progress.make(drains);
  const ready = [...drains, ...progress.fill(windowSize)];
  const [held, readyCount] = await Promise.all([
    room === null ? [] : makeRunning(tx, { runId, shape, steps: taken }, room.request.workerId),
    makeReady(tx, { runId, shape, steps: ready }),
  ]);
  if (room !== null) room.left -= held.length;
  return { readyCount, held };
}

/** More at a time wait for the window. */
const mostDrains = 2000;

/**
 * Where what waits between stages is bounded, steps that read it do not wait for the window: it may be full of steps of lanes that are paused until these have
 * read.
 */
function listDrains(shape: StoredShape, released: readonly number[], taken: readonly number[]): readonly number[] {
  if (shape.budgets.length === 0) return [];
  const isTaken = new Set(taken);
  return released.filter((step) => !isTaken.has(step)).slice(0, mostDrains);
}
