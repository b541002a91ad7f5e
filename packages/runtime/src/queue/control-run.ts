import { WatersmeetError } from "@watersmeet/core/errors";
import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../ledger/database.ts";
import { insertEvents } from "../ledger/events.ts";
import type { LedgerDb } from "../ledger/open-ledger.ts";
import type { OnDeploy, RunId, RunState } from "../ledger/records.ts";
import type { StepFailure } from "../step/step.ts";
import { countFromSteps } from "./counters/counter-memory.ts";
import { skipRevision } from "./counters/flush-log.ts";
import { listHeldWithoutRow } from "./counters/holds.ts";
import { makeReady } from "./counters/make-steps.ts";
import { beginProgress } from "./counters/run-counters.ts";
import { settleWaits } from "./merge-wait/settle-waits.ts";
import { finishRuns } from "./record/finish-runs.ts";
import { listNewSteps, stepsOf, type NewStep } from "./shape/dependencies.ts";
import type { RunShape } from "./shape/run-shape.ts";
import type { ShapeOf, StoredShape } from "./shape/shape-cache.ts";

/**
 * What people may do with a run:
 *
 *     queued ──first claim──▶ running ──last step──▶ succeeded | failed | cancelled
 *        ╰──────pause──────▶ paused ◀──pause──┤ ▲
 *                               ╰───resume──────╯
 *     queued, running, paused ──cancel──▶ cancelling ──last running step──▶ cancelled
 *     failed, cancelled ──retry──▶ running, as the next round
 *     running, paused ──retry──▶ the same, in which what has ended badly begins again
 *
 * Each of these functions locks the run's row first.
 */

/** Steps that nobody holds end at once; who holds one is told by `cancelling` to abort it. A run that has ended stays as it is. */
export async function cancelRun(db: LedgerDb, id: RunId, by: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const state = await lockRun(tx, id);
    if (!isEnded(state) && state !== "cancelling") await cancelLocked(tx, { id, by, failure: null });
  });
}

/** The run's row is locked, and it goes on. `failure`: why, when nobody asked for it. */
export async function cancelLocked(
  tx: Transaction<LedgerDatabase>,
  { id, by, failure }: { readonly id: RunId; readonly by: string; readonly failure: StepFailure | null },
): Promise<void> {
  const told = failure === null ? null : JSON.stringify(failure);
  await sql`update watersmeet.run set state = 'cancelling', failure = ${told}::jsonb where id = ${id}`.execute(tx);
  await cancelIdleSteps(tx, id);
  await skipRevision(tx, id);
  const finished = await finishRuns(tx, [id]);
  const why = failure === null ? {} : { code: failure.code, message: failure.message };
  await insertEvents(tx, [{ kind: "run:cancelling", runId: id, body: { by, ...why } }, ...finished.events]);
}

/**
 * What becomes of steps that have not begun when other code is deployed, from now on and for code that was deployed since the run was submitted.
 *
 * @throws {RUN_STATE_CONFLICT} when the run has ended, or is being cancelled
 */
export async function changeOnDeploy(
  db: LedgerDb,
  { id, by, onDeploy }: { readonly id: RunId; readonly by: string; readonly onDeploy: OnDeploy },
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const state = await lockRun(tx, id);
    if (isEnded(state) || state === "cancelling") refuse(id, state, "given another policy for deployments");
    await sql`update watersmeet.run set on_deploy = ${onDeploy} where id = ${id}`.execute(tx);
    await insertEvents(tx, [{ kind: "run:onDeploy", runId: id, body: { by, onDeploy } }]);
  });
}

/** Steps that run go on; no other starts. */
export async function pauseRun(db: LedgerDb, id: RunId, by: string): Promise<void> {
  await moveRun(db, { id, by, from: ["queued", "running"], to: "paused", kind: "run:paused" });
}

/** Merges that wait get all of their time again. */
export async function resumeRun(db: LedgerDb, id: RunId, by: string): Promise<void> {
  await moveRun(db, { id, by, from: ["paused"], to: "running", kind: "run:resumed", andThen: restartTimes });
}

/**
 * Steps that have ended badly (failed, blocked, upstreamFailed, cancelled) begin again, with all their attempts, in the order that the plan gives. What has
 * succeeded stays, and in a run that goes on the other branches do not notice. A run that has ended is opened again; one that a deployment had cancelled is
 * pinned now, so that the same deployment does not cancel it once more.
 *
 * @throws {RUN_STATE_CONFLICT} when it has not begun, or is being cancelled
 */
export async function retryRun(
  db: LedgerDb,
  options: { readonly id: RunId; readonly by: string; readonly shapeOf: ShapeOf },
): Promise<void> {
  const { id, by } = options;
  const shape = await options.shapeOf(db, id);
  await db.transaction().execute(async (tx) => {
    const state = await lockRun(tx, id);
    const isLive = state === "running" || state === "paused";
    if (!isEnded(state) && !isLive) refuse(id, state, "retried");
    const reopened = await reopenSteps(tx, id, { shape, isLive });
    if (reopened === 0) return;
    await sql`
      update watersmeet.run set state = (case when state = 'paused' then 'paused' else 'running' end)::watersmeet.run_state,
        round = round + 1, finished_at = null, open_count = ${reopened},
        on_deploy = case when failure is null then on_deploy else 'pin' end, failure = null
      where id = ${id}`.execute(tx);
    await skipRevision(tx, id);
    // Branches that had ended well are there from the start.
    const waiting = shape.assets.filter((asset) => asset.inputs.some((input) => input.isLeg)).map(stepsOf);
    const settled = await settleWaits(tx, { runId: id, shape, steps: waiting });
    await insertEvents(tx, [{ kind: "run:retried", runId: id, body: { by, steps: reopened } }, ...settled.events]);
  });
}

async function lockRun(tx: Transaction<LedgerDatabase>, id: RunId): Promise<RunState> {
  const { rows } = await sql<{ state: RunState }>`select state from watersmeet.run where id = ${id} for update`.execute(
    tx,
  );
  const state = rows[0]?.state;
  if (state === undefined) {
    throw new WatersmeetError("RUN_NOT_FOUND", `There is no run ${id}`, { hint: "`watersmeet runs list` shows them." });
  }
  return state;
}

function isEnded(state: RunState): boolean {
  return state === "succeeded" || state === "failed" || state === "cancelled";
}

async function moveRun(
  db: LedgerDb,
  move: {
    readonly id: RunId;
    readonly by: string;
    readonly from: readonly RunState[];
    readonly to: RunState;
    readonly kind: string;
    readonly andThen?: (tx: Transaction<LedgerDatabase>, id: RunId) => Promise<void>;
  },
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const state = await lockRun(tx, move.id);
    if (state === move.to) return;
    if (!move.from.includes(state)) refuse(move.id, state, move.to === "paused" ? "paused" : "resumed");
    await sql`update watersmeet.run set state = ${move.to}::watersmeet.run_state where id = ${move.id}`.execute(tx);
    await move.andThen?.(tx, move.id);
    await insertEvents(tx, [{ kind: move.kind, runId: move.id, body: { by: move.by } }]);
  });
}

async function restartTimes(tx: Transaction<LedgerDatabase>, id: RunId): Promise<void> {
  await sql`
    update watersmeet.step set deadline_at = now() + (run_asset.wait ->> 'deadlineMs')::bigint * interval '1 millisecond'
    from watersmeet.run_asset
    where run_asset.run_id = ${id} and step.run_id = ${id} and step.asset = run_asset.asset
      and step.state = 'waiting' and step.deadline_at is not null`.execute(tx);
}

function refuse(id: RunId, state: RunState, what: string): never {
  throw new WatersmeetError("RUN_STATE_CONFLICT", `Run ${id} is ${state} and cannot be ${what}`, {
    hint:
      state === "running" || state === "queued"
        ? "Wait for its end, or cancel it first."
        : "`watersmeet runs show` tells its state.",
    details: { run: id, state },
  });
}

/**
 * A step that is locked is being claimed: who claims it waits for the run's row, which we hold, so waiting for the step would be a circle.
 * It is left to run, and aborted like every step of a run that is cancelling.
 */
async function cancelIdleSteps(tx: Transaction<LedgerDatabase>, id: RunId): Promise<void> {
  await sql`
    with idle as (
      select ordinal from watersmeet.step where run_id = ${id} and state in ('waiting', 'ready') for update skip locked)
    update watersmeet.step set state = 'cancelled', finished_at = now()
    from idle where step.run_id = ${id} and step.ordinal = idle.ordinal`.execute(tx);
  // Whatever is neither running nor being claimed has ended, with a row or without; what is held without a row runs.
  const held = await listHeldWithoutRow(tx, id);
  await sql`
    with live as (
      select asset, count(*)::integer as count from watersmeet.step
      where run_id = ${id} and state in ('ready', 'running') group by asset),
    left_over as (
      select position, coalesce(live.count, 0) + (select count(*)::integer from unnest(${[...held]}::integer[]) as held (ordinal)
        where held.ordinal >= first_ordinal and held.ordinal < first_ordinal + step_count) as live_count
      from watersmeet.run_asset left join live on live.asset = run_asset.asset where run_id = ${id})
    update watersmeet.run_asset set cancelled = cancelled + open_count - live_count, open_count = live_count
    from left_over where run_asset.run_id = ${id} and run_asset.position = left_over.position`.execute(tx);
  await sql`
    update watersmeet.run set open_count = (select sum(open_count) from watersmeet.run_asset where run_id = ${id}) where id = ${id}`.execute(
    tx,
  );
}

interface OldStep {
  readonly ordinal: number;
  readonly hasEndedWell: boolean;
  /** Of a run that goes on, others are still under way. */
  readonly hasEndedBadly: boolean;
}

/** Counters are worked out again from the states: what has succeeded counts as there. Gives how many steps are open again. */
async function reopenSteps(
  tx: Transaction<LedgerDatabase>,
  id: RunId,
  { shape, isLive }: { readonly shape: StoredShape; readonly isLive: boolean },
): Promise<number> {
  const { rows } = await sql<OldStep>`
    select ordinal, state in ('succeeded', 'unchanged') as "hasEndedWell",
      state in ('failed', 'blocked', 'upstreamFailed', 'cancelled') as "hasEndedBadly"
    from watersmeet.step where run_id = ${id}`.execute(tx);
  const badly = new Set(rows.filter((row) => row.hasEndedBadly).map((row) => row.ordinal));
  const done = new Set(rows.filter((row) => row.hasEndedWell).map((row) => row.ordinal));
  // In a large run that has ended, what was cancelled may have no row.
  if (done.size === shape.stepCount || (badly.size === 0 && (isLive || shape.windowSize === null))) return 0;
  await keepAttempts(tx, id);
  if (shape.windowSize === null) await reopenRows(tx, id, { shape, done, badly });
  else await reopenWindow(tx, id, { shape, windowSize: shape.windowSize });
  await sql`
    update watersmeet.run_asset set failed = 0, blocked = 0, upstream_failed = 0, cancelled = 0,
      open_count = step_count - succeeded - unchanged
    where run_id = ${id}`.execute(tx);
  return shape.stepCount - done.size;
}

const begunAgain =
  sql.raw(`round = round + 1, failures = 0, crashes = 0, failure = null, timings = null, started_at = null,
  finished_at = null, worker_id = null, not_before = null, deadline_at = null, decision = null`);

async function reopenRows(
  tx: Transaction<LedgerDatabase>,
  id: RunId,
  steps: { readonly shape: RunShape; readonly done: ReadonlySet<number>; readonly badly: ReadonlySet<number> },
): Promise<void> {
  const { shape, done, badly } = steps;
  const isDone = (ordinal: number): boolean => done.has(ordinal);
  const again: NewStep[] = [];
  for (const asset of shape.assets) {
    for (const step of listNewSteps(shape, asset, isDone)) if (badly.has(step.ordinal)) again.push(step);
  }
  await sql`
    update watersmeet.step set ${begunAgain}, pending = again.pending,
      state = (case when again.pending = 0 then 'ready' else 'waiting' end)::watersmeet.step_state
    from unnest(${again.map((step) => step.ordinal)}::integer[], ${again.map((step) => step.pending)}::integer[]) as again (ordinal, pending)
    where step.run_id = ${id} and step.ordinal = again.ordinal`.execute(tx);
}

/** The rows of what has ended badly wait; the first of those that may run are made ready, with rows or without. */
async function reopenWindow(
  tx: Transaction<LedgerDatabase>,
  id: RunId,
  { shape, windowSize }: { readonly shape: StoredShape; readonly windowSize: number },
): Promise<void> {
  await sql`
    update watersmeet.step set ${begunAgain}, state = 'waiting'
    where run_id = ${id} and state in ('failed', 'blocked', 'upstreamFailed', 'cancelled')`.execute(tx);
  const counters = await countFromSteps(tx, { id, revision: 1, shape });
  await makeReady(tx, { runId: id, shape, steps: beginProgress(shape, counters).fill(windowSize) });
}

/** The last attempt of a step is told by its row, which is about to begin again. */
async function keepAttempts(tx: Transaction<LedgerDatabase>, id: RunId): Promise<void> {
  await sql`
    insert into watersmeet.attempt (run_id, ordinal, attempt, outcome, worker_id, started_at, finished_at, failure)
    select run_id, ordinal, attempt, outcome, worker_id, started_at, finished_at, failure from watersmeet.ended_attempt
    where run_id = ${id} and outcome in ('failed', 'blocked', 'cancelled')
    on conflict (run_id, ordinal, attempt) do nothing`.execute(tx);
}
