import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { NewEvent } from "../../ledger/events.ts";
import type { RunId } from "../../ledger/records.ts";
import type { EndedSteps } from "../counters/step-rows.ts";
import type { AcceptedAttempt } from "../record/accepted-attempt.ts";
import { getAssetOf } from "../shape/run-shape.ts";
import type { StoredShape } from "../shape/shape-cache.ts";
import { decideBudget, letThrough } from "./decide-budget.ts";
import { listBudgets, writeBudgets, type LaneChange, type LaneState } from "./lane-budgets.ts";
import { listRead, listReaders } from "./readers.ts";

export interface SettledBudgets {
  /** Steps that are ready, and may be claimed again. */
  readonly readyCount: number;
  readonly events: readonly NewEvent[];
}

/**
 * After steps of a run have moved: counts what waits between its stages, and pauses and opens lanes accordingly. Whatever can bring a run to a halt comes by
 * here, so a lane is let through here when nothing else of the run can go on. The run's row is locked. Free in runs without budgets.
 */
export async function settleBudgets(
  tx: Transaction<LedgerDatabase>,
  run: { readonly runId: RunId; readonly shape: StoredShape },
  moved: { readonly attempts: readonly AcceptedAttempt[]; readonly ended: EndedSteps },
): Promise<SettledBudgets> {
  if (run.shape.budgets.length === 0) return { readyCount: 0, events: [] };
  const changes = await countChanges(tx, run, moved);
  return moveLanes(tx, run.runId, await listBudgets(tx, run, changes));
}

/** Decides on lanes as they stand now, and writes down what changes. */
export async function moveLanes(
  tx: Transaction<LedgerDatabase>,
  runId: RunId,
  before: readonly LaneState[],
): Promise<SettledBudgets> {
  let after = before.map(decideBudget);
  const paused = after.filter((each) => each.isPaused);
  const stuck = paused.length === 0 ? [] : await findStuck(tx, runId, paused);
  const freed = letThrough(stuck);
  if (freed !== undefined) after = after.map((each) => (each.lane === freed.lane ? freed : each));
  const changed = after.filter((each, index) => isOther(each, before[index]));
  if (changed.length === 0) return { readyCount: 0, events: [] };
  const wasPaused = new Set(before.filter((each) => each.isPaused).map(({ lane }) => lane));
  const opened = changed.filter((each) => !each.isPaused && wasPaused.has(each.lane));
  const [readyCount] = await Promise.all([countReady(tx, runId, opened), writeBudgets(tx, runId, changed)]);
  const turned = changed.filter((each) => each.isPaused !== wasPaused.has(each.lane));
  return { readyCount, events: turned.map((each) => describeTurn(runId, each, each === freed)) };
}

function isOther(after: LaneState, before: LaneState | undefined): boolean {
  return after.isPaused !== before?.isPaused || after.allowedBytes !== before.allowedBytes;
}

function describeTurn(runId: RunId, lane: LaneState, isForced: boolean): NewEvent {
  const { asset, stagedBytes, budgetBytes } = lane;
  const body = { stagedBytes, budgetBytes, ...(lane.isPaused ? {} : { isForced }) };
  return { kind: lane.isPaused ? "budget:reached" : "budget:opened", runId, asset, body };
}

/** By lane. */
async function countChanges(
  tx: Transaction<LedgerDatabase>,
  { runId, shape }: { readonly runId: RunId; readonly shape: StoredShape },
  { attempts, ended }: Parameters<typeof settleBudgets>[2],
): Promise<ReadonlyMap<number, LaneChange>> {
  const lanes = new Map(shape.budgets.map(({ position, lane }) => [position, lane]));
  const laneOf = (step: number): number | undefined => lanes.get(getAssetOf(shape, step).position);
  const made = attempts.flatMap(({ ended: { step, outcome } }) => {
    const lane = outcome.kind === "committed" ? laneOf(step.ordinal) : undefined;
    if (lane === undefined || outcome.kind !== "committed" || listReaders(shape, step.ordinal).length === 0) return [];
    return [{ ordinal: step.ordinal, lane, sizeBytes: outcome.sizeBytes }];
  });
  const looked = new Set(made.map(({ ordinal }) => ordinal));
  for (const step of [...ended.good, ...ended.bad]) {
    for (const read of listRead(shape, step, (position) => lanes.has(position))) looked.add(read);
  }
  if (looked.size === 0) return new Map();
  const [, read] = await Promise.all([insertStaged(tx, runId, made), deleteRead(tx, { runId, shape, steps: looked })]);
  const touched = new Set([...made, ...read].map(({ lane }) => lane));
  return new Map([...touched].map((lane) => [lane, sumChange(lane, made, read)]));
}

function sumChange(lane: number, made: readonly Staged[], read: readonly Staged[]): LaneChange {
  const own = made.filter((each) => each.lane === lane);
  const gone = read.filter((each) => each.lane === lane);
  const sum = (staged: readonly Staged[]): number => staged.reduce((bytes, each) => bytes + each.sizeBytes, 0);
  return { madeBytes: sum(own), madeCount: own.length, readBytes: sum(gone) };
}

interface Staged {
  readonly lane: number;
  readonly sizeBytes: number;
}

async function insertStaged(
  tx: Transaction<LedgerDatabase>,
  runId: RunId,
  made: readonly (Staged & { readonly ordinal: number })[],
): Promise<void> {
  if (made.length === 0) return;
  await sql`
    insert into watersmeet.staged_output (run_id, ordinal, lane, size_bytes)
    select ${runId}, * from unnest(
      ${made.map((each) => each.ordinal)}::integer[], ${made.map((each) => each.lane)}::smallint[], ${made.map((each) => each.sizeBytes)}::bigint[])`.execute(
    tx,
  );
}

/** Of these steps, those whose readers have all ended, well or badly. In a run whose steps get their rows by and by, one without a row has not. */
async function deleteRead(
  tx: Transaction<LedgerDatabase>,
  { runId, shape, steps }: { readonly runId: RunId; readonly shape: StoredShape; readonly steps: ReadonlySet<number> },
): Promise<readonly Staged[]> {
  const readers = [...steps].flatMap((step) =>
    listReaders(shape, step).map(([first, beyond]) => ({ step, first, beyond })),
  );
  const { rows } = await sql<Staged>`
    with unread as (
      select distinct reader.step from unnest(
        ${readers.map((each) => each.step)}::integer[], ${readers.map((each) => each.first)}::integer[], ${readers.map((each) => each.beyond)}::integer[])
        as reader (step, first, beyond)
      where beyond - first > (
        select count(*) from watersmeet.step
        where step.run_id = ${runId} and step.ordinal >= reader.first and step.ordinal < reader.beyond and step.state >= 'succeeded'))
    delete from watersmeet.staged_output
    where run_id = ${runId} and ordinal = any(${[...steps]}::integer[]) and ordinal not in (select step from unread)
    returning lane, size_bytes::float8 as "sizeBytes"`.execute(tx);
  return rows;
}

/** The paused lanes that have steps to run, when nothing else of the run runs or may be claimed: nobody but they could go on. */
async function findStuck(
  tx: Transaction<LedgerDatabase>,
  runId: RunId,
  paused: readonly LaneState[],
): Promise<readonly LaneState[]> {
  const lanes = paused.map(({ lane }) => lane);
  const { rows } = await sql<{ lane: number }>`
    select lane from unnest(${lanes}::smallint[]) as paused (lane)
    where not exists (select from watersmeet.step where step.run_id = ${runId} and step.state = 'running')
      and not exists (select from watersmeet.step where step.run_id = ${runId} and step.state = 'ready' and step.lane <> all(${lanes}::smallint[]))
      and exists (select from watersmeet.step where step.run_id = ${runId} and step.state = 'ready' and step.lane = paused.lane)`.execute(
    tx,
  );
  const found = new Set(rows.map((row) => row.lane));
  return paused.filter(({ lane }) => found.has(lane));
}

/** More say nothing more to those who are woken for them. */
const mostCounted = 1000;

async function countReady(
  tx: Transaction<LedgerDatabase>,
  runId: RunId,
  opened: readonly LaneState[],
): Promise<number> {
  if (opened.length === 0) return 0;
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from (
      select from watersmeet.step where run_id = ${runId} and state = 'ready' and lane = any(${opened.map(({ lane }) => lane)}::smallint[])
      limit ${mostCounted}) as ready`.execute(tx);
  return rows[0]?.count ?? 0;
}
