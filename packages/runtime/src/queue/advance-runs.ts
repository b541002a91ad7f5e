import type { OrdinalRange } from "@watersmeet/core/values";
import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../ledger/database.ts";
import type { NewEvent } from "../ledger/events.ts";
import type { RunId } from "../ledger/records.ts";
import type { AcceptedAttempt } from "./accepted-attempt.ts";
import { listBarrierReleases, listDescendants, listReleases, type Release } from "./dependencies.ts";
import { finishRuns } from "./finish-runs.ts";
import { getAssetOf, type RunShape } from "./run-shape.ts";

export interface Advance {
  readonly readyCount: number;
  readonly finishedRuns: readonly RunId[];
  readonly events: readonly NewEvent[];
}

/** After steps have ended: who may run now, who never will, counters, and the end of runs. The runs' rows are locked. */
export async function advanceRuns(
  tx: Transaction<LedgerDatabase>,
  accepted: readonly AcceptedAttempt[],
  shapes: ReadonlyMap<RunId, RunShape>,
): Promise<Advance> {
  let readyCount = 0;
  const events: NewEvent[] = [];
  const ending: RunId[] = [];
  for (const [runId, attempts] of Map.groupBy(accepted, (each) => each.run.id)) {
    const ended = attempts.filter((each) => each.move.state !== "ready");
    const shape = shapes.get(runId);
    if (shape === undefined || ended.length === 0) continue;
    const advance = await advanceRun(tx, { runId, shape, ended });
    readyCount += advance.readyCount;
    events.push(...advance.events);
    if (advance.isLast) ending.push(runId);
  }
  const finished = await finishRuns(tx, ending);
  return { readyCount, finishedRuns: finished.ids, events: [...events, ...finished.events] };
}

async function advanceRun(
  tx: Transaction<LedgerDatabase>,
  options: { readonly runId: RunId; readonly shape: RunShape; readonly ended: readonly AcceptedAttempt[] },
): Promise<{ readonly readyCount: number; readonly events: readonly NewEvent[]; readonly isLast: boolean }> {
  const { runId, shape, ended } = options;
  const good = ended.filter(({ move }) => move.state === "succeeded" || move.state === "unchanged").map(ordinalOf);
  const bad = ended.filter(({ move }) => move.state === "failed" || move.state === "blocked").map(ordinalOf);
  const lost = await loseDescendants(tx, { runId, shape, failed: bad });
  const [open, released] = await Promise.all([
    countEndings(tx, { runId, ended, lost: countByAsset(shape, lost) }),
    releaseSteps(tx, runId, [...listReleases(shape, good), ...listReleases(shape, [...bad, ...lost], "optional")]),
  ]);
  const readyCount = released + (await releaseSteps(tx, runId, listBarrierReleases(shape, open.closed)));
  const events = [...Map.groupBy(lost, (ordinal) => getAssetOf(shape, ordinal).key)].map(([asset, steps]) => ({
    kind: "step:finished",
    runId,
    asset,
    body: { state: "upstreamFailed", count: steps.length },
  }));
  return { readyCount, events, isLast: open.isLast };
}

function ordinalOf({ ended }: AcceptedAttempt): number {
  return ended.step.ordinal;
}

/** Steps that need what failed end as upstreamFailed; gives the ones that this call ended. Others may have lost them before. */
export async function loseDescendants(
  tx: Transaction<LedgerDatabase>,
  options: { readonly runId: RunId; readonly shape: RunShape; readonly failed: readonly number[] },
): Promise<readonly number[]> {
  const ranges = options.failed.length === 0 ? [] : listDescendants(options.shape, options.failed);
  if (ranges.length === 0) return [];
  const { rows } = await sql<{ ordinal: number }>`
    update watersmeet.step set state = 'upstreamFailed', finished_at = now()
    from unnest(${ranges.map(() => options.runId)}::bigint[], ${fromsOf(ranges)}::integer[], ${tosOf(ranges)}::integer[])
      as lost (run_id, first, beyond)
    where step.run_id = lost.run_id and step.ordinal >= lost.first and step.ordinal < lost.beyond and step.state = 'waiting'
    returning step.ordinal`.execute(tx);
  return rows.map((row) => row.ordinal);
}

function fromsOf(ranges: readonly OrdinalRange[]): readonly number[] {
  return ranges.map(([from]) => from);
}

function tosOf(ranges: readonly OrdinalRange[]): readonly number[] {
  return ranges.map(([, to]) => to);
}

function countByAsset(shape: RunShape, ordinals: readonly number[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const ordinal of ordinals) {
    const { position } = getAssetOf(shape, ordinal);
    counts.set(position, (counts.get(position) ?? 0) + 1);
  }
  return counts;
}

/** Counters are lowered this many at a time. */
const releaseSize = 10_000;

/** Lowers the counters of steps and gives how many reached zero. */
async function releaseSteps(
  tx: Transaction<LedgerDatabase>,
  runId: RunId,
  releases: readonly Release[],
): Promise<number> {
  const counts = new Map<number, number>();
  let readyCount = 0;
  for (const { from, to, count } of releases) {
    for (let ordinal = from; ordinal < to; ordinal++) {
      counts.set(ordinal, (counts.get(ordinal) ?? 0) + count);
      if (counts.size < releaseSize) continue;
      readyCount += await lowerCounters(tx, runId, counts);
      counts.clear();
    }
  }
  return counts.size === 0 ? readyCount : readyCount + (await lowerCounters(tx, runId, counts));
}

/**
 * The run's id comes with every row: a constant would let a planner without statistics begin with all steps of the run, and look through the list for each
 * (measured: 60 times slower).
 */
async function lowerCounters(
  tx: Transaction<LedgerDatabase>,
  runId: RunId,
  counts: ReadonlyMap<number, number>,
): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    with moved as (
      update watersmeet.step set pending = step.pending - lowered.count,
        state = (case when step.pending <= lowered.count then 'ready' else 'waiting' end)::watersmeet.step_state
      from unnest(${[...counts.keys()].map(() => runId)}::bigint[], ${[...counts.keys()]}::integer[], ${[...counts.values()]}::integer[])
        as lowered (run_id, ordinal, count)
      where step.run_id = lowered.run_id and step.ordinal = lowered.ordinal and step.state = 'waiting'
      returning step.state)
    select count(*)::integer as count from moved where state = 'ready'`.execute(tx);
  return rows[0]?.count ?? 0;
}

interface AssetCounts {
  readonly position: number;
  readonly ended: number;
  readonly succeeded: number;
  readonly unchanged: number;
  readonly failed: number;
  readonly blocked: number;
  readonly cancelled: number;
  readonly upstreamFailed: number;
  readonly rowCount: number;
  readonly busyMs: number;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** Adds to the counters of assets and of the run; gives the assets whose last step has ended now. */
async function countEndings(
  tx: Transaction<LedgerDatabase>,
  options: {
    readonly runId: RunId;
    readonly ended: readonly AcceptedAttempt[];
    readonly lost: ReadonlyMap<number, number>;
  },
): Promise<{ readonly closed: readonly number[]; readonly isLast: boolean }> {
  const { runId, ended, lost } = options;
  const byAsset = Map.groupBy(ended, (each) => each.position.position);
  const positions = [...new Set([...byAsset.keys(), ...lost.keys()])].sort((a, b) => a - b);
  const counts = positions.map((position) =>
    countAsset(position, byAsset.get(position) ?? [], lost.get(position) ?? 0),
  );
  const total = counts.reduce((sum, each) => sum + each.ended, 0);
  const countAssets = sql<{ position: number; open_count: number }>`
    update watersmeet.run_asset set
      open_count = run_asset.open_count - more.ended, succeeded = run_asset.succeeded + more.succeeded,
      unchanged = run_asset.unchanged + more.unchanged, failed = run_asset.failed + more.failed, blocked = run_asset.blocked + more.blocked,
      cancelled = run_asset.cancelled + more.cancelled, upstream_failed = run_asset.upstream_failed + more.upstream_failed,
      row_count = run_asset.row_count + more.row_count, busy_ms = run_asset.busy_ms + more.busy_ms,
      first_started_at = least(run_asset.first_started_at, more.started_at), last_finished_at = greatest(run_asset.last_finished_at, more.finished_at)
    from jsonb_to_recordset(${JSON.stringify(counts.map(renderCounts))}::jsonb) as more (position integer, ended integer, succeeded integer,
      unchanged integer, failed integer, blocked integer, cancelled integer, upstream_failed integer, row_count bigint, busy_ms bigint,
      started_at timestamptz, finished_at timestamptz)
    where run_asset.run_id = ${runId} and run_asset.position = more.position
    returning run_asset.position, run_asset.open_count`;
  const countRun = sql<{ open_count: number }>`
    update watersmeet.run set open_count = open_count - ${total} where id = ${runId} returning open_count`;
  const [{ rows }, { rows: runs }] = await Promise.all([countAssets.execute(tx), countRun.execute(tx)]);
  const closed = rows.filter((row) => row.open_count === 0).map((row) => row.position);
  return { closed, isLast: runs[0]?.open_count === 0 };
}

function countAsset(position: number, ended: readonly AcceptedAttempt[], upstreamFailed: number): AssetCounts {
  const count = (state: string): number => ended.filter(({ move }) => move.state === state).length;
  const startedMs = ended.map((each) => each.ended.startedAt.getTime());
  const finishedMs = ended.map((each) => each.ended.finishedAt.getTime());
  return {
    position,
    ended: ended.length + upstreamFailed,
    succeeded: count("succeeded"),
    unchanged: count("unchanged"),
    failed: count("failed"),
    blocked: count("blocked"),
    cancelled: count("cancelled"),
    upstreamFailed,
    rowCount: ended.reduce(
      (sum, each) => sum + (each.ended.outcome.kind === "committed" ? each.ended.outcome.commit.rowCount : 0),
      0,
    ),
    busyMs: Math.round(finishedMs.reduce((sum, ms, index) => sum + ms - (startedMs[index] ?? ms), 0)),
    startedAt: ended.length === 0 ? null : new Date(startedMs.reduce((a, b) => Math.min(a, b))),
    finishedAt: ended.length === 0 ? null : new Date(finishedMs.reduce((a, b) => Math.max(a, b))),
  };
}

function renderCounts(counts: AssetCounts): Record<string, unknown> {
  const { upstreamFailed, rowCount, busyMs, startedAt, finishedAt, ...same } = counts;
  return {
    ...same,
    upstream_failed: upstreamFailed,
    row_count: rowCount,
    busy_ms: busyMs,
    started_at: startedAt,
    finished_at: finishedAt,
  };
}
