import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { MaterializationId } from "../../ledger/records.ts";
import type { StepTimings } from "../../step/step.ts";
import type { AttemptOutcome, StepMove } from "../step-machine.ts";
import type { AcceptedAttempt } from "./accepted-attempt.ts";

/** Puts the steps into their next states. Those that have succeeded, most of them, are written by a statement that carries less. */
export async function moveSteps(
  tx: Transaction<LedgerDatabase>,
  accepted: readonly AcceptedAttempt[],
  versions: ReadonlyMap<AcceptedAttempt, MaterializationId>,
): Promise<void> {
  const isPlain = ({ move, ended }: AcceptedAttempt): boolean =>
    move.state === "succeeded" && ended.outcome.kind === "committed";
  await Promise.all([
    succeedSteps(tx, accepted.filter(isPlain), versions),
    moveOthers(
      tx,
      accepted.filter((each) => !isPlain(each)),
      versions,
    ),
    insertAttempts(tx, accepted),
    deleteLeases(tx, accepted),
  ]);
}

async function succeedSteps(
  tx: Transaction<LedgerDatabase>,
  accepted: readonly AcceptedAttempt[],
  versions: ReadonlyMap<AcceptedAttempt, MaterializationId>,
): Promise<void> {
  if (accepted.length === 0) return;
  await sql`
    update watersmeet.step set
      state = 'succeeded', materialization_id = moved.materialization_id, row_count = moved.row_count, timings = moved.timings::real[],
      started_at = moved.started_at, finished_at = moved.finished_at, progress = null, failure = null
    from unnest(
      ${accepted.map((each) => each.ended.step.runId)}::bigint[],
      ${accepted.map((each) => each.ended.step.ordinal)}::integer[],
      ${accepted.map((each) => versions.get(each) ?? null)}::bigint[],
      ${accepted.map((each) => rowCountOf(each.ended.outcome))}::bigint[],
      ${accepted.map((each) => renderTimings(each.ended.outcome))}::text[],
      ${accepted.map((each) => each.ended.startedAt)}::timestamptz[],
      ${accepted.map((each) => each.ended.finishedAt)}::timestamptz[])
      as moved (run_id, ordinal, materialization_id, row_count, timings, started_at, finished_at)
    where step.run_id = moved.run_id and step.ordinal = moved.ordinal`.execute(tx);
}

function rowCountOf(outcome: AttemptOutcome): number | null {
  return outcome.kind === "committed" ? outcome.commit.rowCount : null;
}

function renderTimings(outcome: AttemptOutcome): string | null {
  if (outcome.kind !== "committed") return null;
  const { userMs, stageMs, gateMs, commitMs }: StepTimings = outcome.timings;
  return `{${userMs},${stageMs},${gateMs},${commitMs}}`;
}

async function moveOthers(
  tx: Transaction<LedgerDatabase>,
  accepted: readonly AcceptedAttempt[],
  versions: ReadonlyMap<AcceptedAttempt, MaterializationId>,
): Promise<void> {
  if (accepted.length === 0) return;
  await sql`
    update watersmeet.step set
      state = moved.state, failures = moved.failures, crashes = moved.crashes, failure = moved.failure,
      materialization_id = moved.materialization_id, row_count = moved.row_count, timings = null, progress = null,
      worker_id = case when moved.state = 'ready' then null else step.worker_id end,
      started_at = case when moved.state = 'ready' then step.started_at else moved.started_at end,
      finished_at = case when moved.state = 'ready' then null else moved.finished_at end,
      not_before = case when moved.delay_ms > 0 then now() + moved.delay_ms * interval '1 millisecond' end
    from unnest(
      ${accepted.map((each) => each.ended.step.runId)}::bigint[],
      ${accepted.map((each) => each.ended.step.ordinal)}::integer[],
      ${accepted.map((each) => each.move.state)}::watersmeet.step_state[],
      ${accepted.map((each) => each.move.failures)}::smallint[],
      ${accepted.map((each) => each.move.crashes)}::smallint[],
      ${accepted.map((each) => (each.move.failure === null ? null : JSON.stringify(each.move.failure)))}::jsonb[],
      ${accepted.map((each) => versions.get(each) ?? null)}::bigint[],
      ${accepted.map((each) => rowCountOf(each.ended.outcome))}::bigint[],
      ${accepted.map((each) => (each.move.state === "ready" ? each.move.delayMs : 0))}::integer[],
      ${accepted.map((each) => each.ended.startedAt)}::timestamptz[],
      ${accepted.map((each) => each.ended.finishedAt)}::timestamptz[])
      as moved (run_id, ordinal, state, failures, crashes, failure, materialization_id, row_count, delay_ms, started_at, finished_at)
    where step.run_id = moved.run_id and step.ordinal = moved.ordinal`.execute(tx);
}

/** What an attempt is called as whose end a step's state is read. */
const endingOf: Readonly<Record<StepMove["state"], AttemptOutcome["kind"] | null>> = {
  succeeded: "committed",
  unchanged: "unchanged",
  blocked: "blocked",
  failed: "failed",
  cancelled: "cancelled",
  // The next attempt will be told of in the step's row, so this one needs its own.
  ready: null,
};

async function insertAttempts(tx: Transaction<LedgerDatabase>, accepted: readonly AcceptedAttempt[]): Promise<void> {
  const told = accepted.filter(({ move, ended }) => endingOf[move.state] !== ended.outcome.kind);
  if (told.length === 0) return;
  await sql`
    insert into watersmeet.attempt (run_id, ordinal, attempt, outcome, worker_id, started_at, finished_at, failure)
    select * from unnest(
      ${told.map((each) => each.ended.step.runId)}::bigint[],
      ${told.map((each) => each.ended.step.ordinal)}::integer[],
      ${told.map((each) => each.ended.step.attempt)}::integer[],
      ${told.map((each) => each.ended.outcome.kind)}::text[],
      ${told.map((each) => each.ended.workerId)}::bigint[],
      ${told.map((each) => each.ended.startedAt)}::timestamptz[],
      ${told.map((each) => each.ended.finishedAt)}::timestamptz[],
      ${told.map((each) => renderFailure(each))}::jsonb[])`.execute(tx);
}

function renderFailure({ ended, move }: AcceptedAttempt): string | null {
  const failure = "failure" in ended.outcome ? ended.outcome.failure : move.failure;
  return failure === null ? null : JSON.stringify(failure);
}

async function deleteLeases(tx: Transaction<LedgerDatabase>, accepted: readonly AcceptedAttempt[]): Promise<void> {
  const leased = accepted.filter((each) => each.position.resources.length > 0);
  if (leased.length === 0) return;
  await sql`
    delete from watersmeet.resource_lease using unnest(
      ${leased.map((each) => each.ended.step.runId)}::bigint[],
      ${leased.map((each) => each.ended.step.ordinal)}::integer[]) as ended (run_id, ordinal)
    where resource_lease.run_id = ended.run_id and resource_lease.ordinal = ended.ordinal`.execute(tx);
}
