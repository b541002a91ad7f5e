import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { RunId, RunState, StepState } from "../../ledger/records.ts";
import type { ShapeOf, StoredShape } from "../../queue/shape/shape-cache.ts";

/** A run as the plan has it and as the ledger has it, at one moment. */
export interface RunPicture {
  readonly id: RunId;
  readonly state: RunState;
  readonly shape: StoredShape;
  /** By ordinal; `undefined`: the step has no row yet. */
  readonly states: readonly (StepState | undefined)[];
  /** How many of the steps before an ordinal have ended well, and ended at all. */
  readonly goodBefore: Int32Array;
  readonly endedBefore: Int32Array;
}

/** Runs with more steps are looked at by their counters alone. */
const maxSteps = 200_000;

/** Runs that are open, newest first, then the newest that have ended. */
export async function listPictured(tx: Transaction<LedgerDatabase>, limit: number): Promise<readonly RunId[]> {
  const { rows } = await sql<{ id: RunId }>`
    select id from watersmeet.run where step_count <= ${maxSteps} order by state >= 'succeeded', id desc limit ${limit}`.execute(
    tx,
  );
  return rows.map((row) => row.id);
}

export async function readPicture(tx: Transaction<LedgerDatabase>, id: RunId, shapeOf: ShapeOf): Promise<RunPicture> {
  const shape = await shapeOf(tx, id);
  const { rows } = await sql<{ ordinal: number; state: StepState; run: RunState }>`
    select ordinal, step.state, run.state as run from watersmeet.step join watersmeet.run on run.id = step.run_id
    where run_id = ${id}`.execute(tx);
  const states = Array.from<StepState | undefined>({ length: shape.stepCount });
  for (const { ordinal, state } of rows) states[ordinal] = state;
  const goodBefore = new Int32Array(shape.stepCount + 1);
  const endedBefore = new Int32Array(shape.stepCount + 1);
  for (const [ordinal, state] of states.entries()) {
    goodBefore[ordinal + 1] = (goodBefore[ordinal] ?? 0) + (isGood(state) ? 1 : 0);
    endedBefore[ordinal + 1] = (endedBefore[ordinal] ?? 0) + (isEnded(state) ? 1 : 0);
  }
  return { id, state: rows[0]?.run ?? "queued", shape, states, goodBefore, endedBefore };
}

export function isGood(state: StepState | undefined): boolean {
  return state === "succeeded" || state === "unchanged";
}

export function isEnded(state: StepState | undefined): boolean {
  return state !== undefined && state !== "waiting" && state !== "ready" && state !== "running";
}
