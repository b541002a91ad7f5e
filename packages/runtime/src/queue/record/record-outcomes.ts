import type { AssetKey, Json, PartitionKey } from "@watersmeet/core/values";
import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import { freezeMerge } from "../../ledger/decisions.ts";
import { insertEvents, type NewEvent } from "../../ledger/events.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { MaterializationId, RunId } from "../../ledger/records.ts";
import { claimIn, type ClaimRequest } from "../claim/claim-steps.ts";
import type { HeldStep } from "../claim/take-ready.ts";
import type { VersionRow } from "../claim/version-memory.ts";
import { getAssetOf } from "../shape/run-shape.ts";
import type { ShapeOf, StoredShape } from "../shape/shape-cache.ts";
import { decideMove, type AttemptOutcome, type RetryPolicy } from "../step-machine.ts";
import type { AcceptedAttempt, AssetPosition, EndedAttempt, LockedRun } from "./accepted-attempt.ts";
import { advanceRuns } from "./advance-runs.ts";
import { recordVersions } from "./record-versions.ts";

export interface RecordDeps {
  readonly shapeOf: ShapeOf;
  /** Without `maxAttempts`, which each asset has. */
  readonly retry: Omit<RetryPolicy, "maxAttempts">;
  readonly random: () => number;
  /**
   * What the worker has room for now: steps that these outcomes made ready are claimed in the same transaction, which saves a commit for each. Asked
   * only when something became ready.
   */
  readonly next?: () => ClaimRequest | undefined;
}

export interface Recorded {
  /** Attempts that the ledger no longer knew: lost to the reaper, or recorded before. Nothing was written for them. */
  readonly refused: readonly EndedAttempt[];
  /** Steps that became ready and that nobody holds yet. */
  readonly readyCount: number;
  readonly finishedRuns: readonly RunId[];
  /** When the first of the steps that are tried again may be claimed, in ms from now; `null`: none waits. */
  readonly retryInMs: number | null;
  /** Steps that the worker of `next` holds now. */
  readonly held: readonly HeldStep[];
  /** Versions that are on record now. */
  readonly made: readonly { readonly runId: RunId; readonly ordinal: number; readonly version: VersionRow }[];
}

/**
 * Records any number of attempts, of any runs, in one transaction of set-wise statements: attempts, versions, heads, states, who may run next, counters,
 * events. Read committed. Runs are locked first, by id, so writers of one run take turns and cannot wait in a circle.
 * What is recorded twice is refused the second time. Who calls rings the doorbell and tells of new events after the commit.
 */
export async function recordOutcomes(
  db: LedgerDb,
  ended: readonly EndedAttempt[],
  deps: RecordDeps,
): Promise<Recorded> {
  if (ended.length === 0) return { refused: [], readyCount: 0, finishedRuns: [], made: [], held: [], retryInMs: null };
  return db.transaction().execute((tx) => recordIn(tx, ended, deps));
}

/** The same within a transaction: the reaper takes a worker away and records what it held as one. */
export async function recordIn(
  tx: Transaction<LedgerDatabase>,
  ended: readonly EndedAttempt[],
  deps: RecordDeps,
): Promise<Recorded> {
  // Sent together, done in this order: a worker's connections are pipelined, and waiting for each answer took most of the time.
  const [runs, rows] = await Promise.all([lockRuns(tx, ended), findRunning(tx, ended)]);
  const shapes = await loadShapes(tx, runs, deps.shapeOf);
  const accepted = acceptAttempts({ ended, runs, rows, shapes, deps });
  const { versions, publish } = await recordVersions(tx, accepted, shapes);
  const [progress] = await Promise.all([
    advanceRuns(tx, accepted, shapes),
    publish(),
    moveSteps(tx, accepted, versions),
    insertAttempts(tx, accepted),
    deleteLeases(tx, accepted),
  ]);
  const retried = accepted.filter((each) => each.move.state === "ready" && each.move.delayMs === 0).length;
  const readyCount = progress.readyCount + retried;
  const request = readyCount > 0 ? deps.next?.() : undefined;
  const next = request === undefined ? nothingClaimed : await claimIn(tx, request, [...runs.keys()]);
  const frozen = await freezeMismatched(tx, accepted);
  await insertEvents(tx, [...describeMoves(accepted), ...progress.events, ...next.events, ...frozen]);
  const isAccepted = new Set(accepted.map((each) => each.ended));
  return {
    refused: ended.filter((each) => !isAccepted.has(each)),
    readyCount: readyCount - next.held.length,
    finishedRuns: progress.finishedRuns,
    made: accepted.flatMap((each) => describeMade(each, versions.get(each)) ?? []),
    held: next.held,
    retryInMs: findRetryMs(accepted),
  };
}

/** A merge whose rows were found to differ from what its batches give publishes nothing more until somebody has looked. */
async function freezeMismatched(
  tx: Transaction<LedgerDatabase>,
  accepted: readonly AcceptedAttempt[],
): Promise<readonly NewEvent[]> {
  const events: NewEvent[] = [];
  for (const { ended, run } of accepted) {
    const { outcome, step } = ended;
    if (outcome.kind !== "failed" || outcome.failure.code !== "MERGE_SHADOW_MISMATCH") continue;
    const { message, details } = outcome.failure;
    const place = { environment: run.environment, asset: step.asset };
    const decision = await freezeMerge(tx, { ...place, by: "watersmeet", reason: message, details });
    if (decision === null) continue;
    events.push({
      kind: "merge:frozen",
      runId: run.id,
      asset: step.asset,
      body: { environment: run.environment, decision },
    });
  }
  return events;
}

function findRetryMs(accepted: readonly AcceptedAttempt[]): number | null {
  let firstMs: number | null = null;
  for (const { move } of accepted) {
    if (move.state === "ready" && move.delayMs > 0)
      firstMs = Math.min(firstMs ?? Number.POSITIVE_INFINITY, move.delayMs);
  }
  return firstMs;
}

const nothingClaimed: Awaited<ReturnType<typeof claimIn>> = { held: [], events: [] };

function describeMade({ ended }: AcceptedAttempt, id: MaterializationId | undefined): Recorded["made"][number] | null {
  if (ended.outcome.kind !== "committed" || id === undefined) return null;
  const { commit } = ended.outcome;
  const { runId, ordinal } = ended.step;
  return {
    runId,
    ordinal,
    version: { id, version: commit.version, commit_id: commit.commitId, data_digest: commit.dataDigest },
  };
}

async function loadShapes(
  tx: Transaction<LedgerDatabase>,
  runs: ReadonlyMap<RunId, LockedRun>,
  shapeOf: ShapeOf,
): Promise<ReadonlyMap<RunId, StoredShape>> {
  const shapes = new Map<RunId, StoredShape>();
  for (const id of runs.keys()) shapes.set(id, await shapeOf(tx, id));
  return shapes;
}

async function lockRuns(
  tx: Transaction<LedgerDatabase>,
  ended: readonly EndedAttempt[],
): Promise<ReadonlyMap<RunId, LockedRun>> {
  const ids = [...new Set(ended.map((each) => each.step.runId))];
  const { rows } = await sql<LockedRun>`
    select id, environment, state = 'cancelling' as "isCancelling", requested_by as "requestedBy", trace_id as "traceId",
      (select coalesce(json_object_agg(name, store_id), '{}') from watersmeet.store) as "storeIds"
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

/** The fence: only the attempt that a running step names may write. */
function acceptAttempts(options: {
  readonly ended: readonly EndedAttempt[];
  readonly runs: ReadonlyMap<RunId, LockedRun>;
  readonly rows: readonly RunningRow[];
  readonly shapes: ReadonlyMap<RunId, StoredShape>;
  readonly deps: RecordDeps;
}): readonly AcceptedAttempt[] {
  const { ended, runs, rows, shapes, deps } = options;
  const running = new Map(rows.map((row) => [stepKey(row), row]));
  const accepted: AcceptedAttempt[] = [];
  for (const each of ended) {
    const row = running.get(stepKey(each.step));
    const run = runs.get(each.step.runId);
    const position = findPosition(shapes.get(each.step.runId), each.step.ordinal);
    if (row === undefined || run === undefined || position === undefined) continue;
    if (row.attempt !== each.step.attempt) continue;
    running.delete(stepKey(each.step));
    const policy = { ...deps.retry, maxAttempts: position.maxAttempts };
    const step = { failures: row.failures, crashes: row.crashes, isRunCancelled: run.isCancelling };
    const move = decideMove(step, each.outcome, { policy, random: deps.random() });
    accepted.push({ ended: each, run, position, move });
  }
  return accepted;
}

function findPosition(shape: StoredShape | undefined, ordinal: number): AssetPosition | undefined {
  return shape?.positions[getAssetOf(shape, ordinal).position];
}

function stepKey(step: { readonly runId: RunId; readonly ordinal: number }): string {
  return `${step.runId}/${step.ordinal}`;
}

async function moveSteps(
  tx: Transaction<LedgerDatabase>,
  accepted: readonly AcceptedAttempt[],
  versions: ReadonlyMap<AcceptedAttempt, MaterializationId>,
): Promise<void> {
  if (accepted.length === 0) return;
  await sql`
    update watersmeet.step set
      state = moved.state, failures = moved.failures, crashes = moved.crashes, failure = moved.failure,
      materialization_id = moved.materialization_id, row_count = moved.row_count, progress = null,
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

function rowCountOf(outcome: AttemptOutcome): number | null {
  return outcome.kind === "committed" ? outcome.commit.rowCount : null;
}

async function insertAttempts(tx: Transaction<LedgerDatabase>, accepted: readonly AcceptedAttempt[]): Promise<void> {
  if (accepted.length === 0) return;
  await sql`
    insert into watersmeet.attempt (run_id, ordinal, attempt, outcome, worker_id, started_at, finished_at, timings, failure)
    select * from unnest(
      ${accepted.map((each) => each.ended.step.runId)}::bigint[],
      ${accepted.map((each) => each.ended.step.ordinal)}::integer[],
      ${accepted.map((each) => each.ended.step.attempt)}::integer[],
      ${accepted.map((each) => each.ended.outcome.kind)}::text[],
      ${accepted.map((each) => each.ended.workerId)}::bigint[],
      ${accepted.map((each) => each.ended.startedAt)}::timestamptz[],
      ${accepted.map((each) => each.ended.finishedAt)}::timestamptz[],
      ${accepted.map((each) => renderTimings(each.ended.outcome))}::jsonb[],
      ${accepted.map((each) => renderFailure(each))}::jsonb[])`.execute(tx);
}

function renderTimings(outcome: AttemptOutcome): string | null {
  return outcome.kind === "committed" ? JSON.stringify(outcome.timings) : null;
}

function renderFailure({ ended, move }: AcceptedAttempt): string | null {
  const failure = "failure" in ended.outcome ? ended.outcome.failure : move.failure;
  return failure === null ? null : JSON.stringify(failure);
}

async function deleteLeases(tx: Transaction<LedgerDatabase>, accepted: readonly AcceptedAttempt[]): Promise<void> {
  const leased = accepted.filter((each) => each.position.resource !== null);
  if (leased.length === 0) return;
  await sql`
    delete from watersmeet.resource_lease using unnest(
      ${leased.map((each) => each.ended.step.runId)}::bigint[],
      ${leased.map((each) => each.ended.step.ordinal)}::integer[]) as ended (run_id, ordinal)
    where resource_lease.run_id = ended.run_id and resource_lease.ordinal = ended.ordinal`.execute(tx);
}

/** One event per run, asset and state, however many steps; the partition is named when there is one. */
function describeMoves(accepted: readonly AcceptedAttempt[]): readonly NewEvent[] {
  const groups = Map.groupBy(accepted, ({ ended, move }) => `${ended.step.runId} ${ended.step.asset} ${move.state}`);
  return [...groups.values()].flatMap((group): readonly NewEvent[] => {
    const first = group[0];
    if (first === undefined) return [];
    const { asset, runId } = first.ended.step;
    const place = { runId, asset, ...onlyPartition(group.map((each) => each.ended.step.partition)) };
    const isRetry = first.move.state === "ready";
    const body: Json = isRetry ? { count: group.length } : { state: first.move.state, count: group.length };
    const moved = group.filter((each) => each.ended.outcome.kind === "committed");
    return [
      { kind: isRetry ? "step:retrying" : "step:finished", ...place, body },
      ...(moved.length === 0 ? [] : [describeHeads(asset, moved)]),
    ];
  });
}

function describeHeads(asset: AssetKey, moved: readonly AcceptedAttempt[]): NewEvent {
  const first = moved[0];
  return {
    kind: "head:moved",
    ...(first === undefined ? {} : { runId: first.ended.step.runId }),
    asset,
    ...onlyPartition(moved.map((each) => each.ended.step.partition)),
    body: { environment: first?.run.environment ?? "", count: moved.length },
  };
}

function onlyPartition(partitions: readonly PartitionKey[]): { readonly partition?: PartitionKey } {
  const [only, ...others] = partitions;
  return only === undefined || others.length > 0 ? {} : { partition: only };
}
