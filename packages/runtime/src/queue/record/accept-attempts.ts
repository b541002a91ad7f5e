import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { NewEvent } from "../../ledger/events.ts";
import type { RunId } from "../../ledger/records.ts";
import { settleHolds } from "../counters/holds.ts";
import type { RetryPolicy } from "../retry/retry-policy.ts";
import { getAssetOf } from "../shape/run-shape.ts";
import type { ShapeOf, StoredShape } from "../shape/shape-cache.ts";
import { decideMove } from "../step-machine.ts";
import type { AcceptedAttempt, AssetPosition, EndedAttempt, LockedRun } from "./accepted-attempt.ts";
import { observeOutcomes } from "./observe-outcomes.ts";
import type { PlainRuns } from "./plain/plain-runs.ts";

/** What is known once the runs are locked and the fences were looked at. */
export interface Accepted {
  readonly runs: ReadonlyMap<RunId, LockedRun>;
  readonly shapes: ReadonlyMap<RunId, StoredShape>;
  readonly attempts: readonly AcceptedAttempt[];
  /** Of resources, to be inserted last. */
  readonly events: readonly NewEvent[];
  /** Whether a resource that was used must be left alone. */
  readonly mustLetGo: boolean;
}

/** Locks the runs, by id, and keeps the attempts whose steps they still hold. The run's lock is what all that moves its steps, but claims, waits for. */
export async function acceptAttempts(
  tx: Transaction<LedgerDatabase>,
  ended: readonly EndedAttempt[],
  deps: {
    readonly shapeOf: ShapeOf;
    readonly retry: Omit<RetryPolicy, "maxAttempts">;
    readonly random: () => number;
    readonly plain?: PlainRuns;
  },
): Promise<Accepted> {
  // Sent together, done in this order: a worker's connections are pipelined, and waiting for each answer took most of the time.
  const hasHolds = ended.some((each) => each.step.hold !== undefined);
  const [runs, known] = await Promise.all([lockRuns(tx, ended), hasHolds ? null : findRunning(tx, ended)]);
  const shapes = new Map<RunId, StoredShape>();
  for (const id of runs.keys()) shapes.set(id, await deps.shapeOf(tx, id));
  const rows = known ?? (await findSettled(tx, ended, { shapes, plain: deps.plain }));
  const fenced = listFenced(ended, { runs, shapes, rows });
  const observed = await observeOutcomes(tx, fenced, deps.random);
  const attempts = fenced.map(({ ended: each, run, position, row }): AcceptedAttempt => {
    const policy = { ...deps.retry, maxAttempts: position.maxAttempts };
    const step = { ...row, isRunCancelled: run.isCancelling };
    const outlook = observed?.outlookOf(each);
    return {
      ended: each,
      run,
      position,
      move: decideMove(step, each.outcome, { policy, random: deps.random(), outlook }),
    };
  });
  await observed?.write();
  return { runs, shapes, attempts, events: observed?.events ?? [], mustLetGo: observed?.isHeld ?? false };
}

interface FencedAttempt extends Omit<AcceptedAttempt, "move"> {
  readonly row: RunningRow;
}

/** The fence: only the attempt that a running step names may write. */
function listFenced(
  ended: readonly EndedAttempt[],
  known: {
    readonly runs: ReadonlyMap<RunId, LockedRun>;
    readonly shapes: ReadonlyMap<RunId, StoredShape>;
    readonly rows: readonly RunningRow[];
  },
): readonly FencedAttempt[] {
  const running = new Map(known.rows.map((row) => [stepKey(row), row]));
  return ended.flatMap((each): readonly FencedAttempt[] => {
    const row = running.get(stepKey(each.step));
    const run = known.runs.get(each.step.runId);
    const position = findPosition(known.shapes.get(each.step.runId), each.step.ordinal);
    if (row === undefined || run === undefined || position === undefined) return [];
    if (row.attempt !== each.step.attempt) return [];
    running.delete(stepKey(each.step));
    return [{ ended: each, run, position, row }];
  });
}

async function lockRuns(
  tx: Transaction<LedgerDatabase>,
  ended: readonly EndedAttempt[],
): Promise<ReadonlyMap<RunId, LockedRun>> {
  const ids = [...new Set(ended.map((each) => each.step.runId))];
  const { rows } = await sql<LockedRun>`
    select id, environment, revision, state = 'cancelling' as "isCancelling", state = 'running' as "isRunning",
      max_parallel is not null as "isLimited", code_revision > 0 as "isRepinned", round = 1 as "isFirstRound", requested_by as "requestedBy", trace_id as "traceId",
      (select coalesce(json_object_agg(name, store_id), '{}') from watersmeet.store) as "storeIds",
      exists (select from watersmeet.failed_partition) as "hasFailures",
      exists (select from watersmeet.run as other
        where other.state < 'succeeded' and other.state in ('queued', 'running') and other.id <> run.id) as "hasRivals"
    from watersmeet.run where id = any(${ids}::bigint[]) order by id for update`.execute(tx);
  return new Map(rows.map((run) => [run.id, run]));
}

interface RunningRow {
  readonly runId: RunId;
  readonly ordinal: number;
  readonly attempt: number;
  readonly failures: number;
  readonly crashes: number;
}

/**
 * `offset 0` makes each attempt look its step up by key. Left to itself, a planner that knew the tables empty begins with all running steps and goes through
 * the list for each of them (measured: 200 times slower).
 */
async function findRunning(
  tx: Transaction<LedgerDatabase>,
  ended: readonly EndedAttempt[],
): Promise<readonly RunningRow[]> {
  const { rows } = await sql<RunningRow>`
    select held.*
    from unnest(
      ${ended.map((each) => each.step.runId)}::bigint[],
      ${ended.map((each) => each.step.ordinal)}::integer[],
      ${ended.map((each) => each.step.attempt)}::integer[]) as ended (run_id, ordinal, attempt)
    cross join lateral (
      select step.run_id as "runId", step.ordinal, step.attempt, step.failures, step.crashes from watersmeet.step
      where step.run_id = ended.run_id and step.ordinal = ended.ordinal and step.attempt = ended.attempt and step.state = 'running'
      offset 0) as held`.execute(tx);
  return rows;
}

/** Steps that are held without rows get them first. The runs are locked. */
async function findSettled(
  tx: Transaction<LedgerDatabase>,
  ended: readonly EndedAttempt[],
  { shapes, plain }: { readonly shapes: ReadonlyMap<RunId, StoredShape>; readonly plain: PlainRuns | undefined },
): Promise<readonly RunningRow[]> {
  for (const [id, shape] of shapes) {
    const holds = ended.flatMap(({ step }) => (step.runId === id && step.hold !== undefined ? [step.hold] : []));
    if (holds.length > 0) await settleHolds(tx, { id, shape }, { revisions: [...new Set(holds)] });
    plain?.settled(id);
  }
  return findRunning(tx, ended);
}

function findPosition(shape: StoredShape | undefined, ordinal: number): AssetPosition | undefined {
  return shape?.positions[getAssetOf(shape, ordinal).position];
}

function stepKey(step: { readonly runId: RunId; readonly ordinal: number }): string {
  return `${step.runId}/${step.ordinal}`;
}
