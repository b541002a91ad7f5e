import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { RunId } from "../../ledger/records.ts";
import { dropOldFlushes, type Flush } from "../counters/flush-log.ts";
import type { StepEnding } from "../step-machine.ts";
import type { AcceptedAttempt } from "./accepted-attempt.ts";

/** What a transaction ends of a run, with the run's next revision. */
export interface Endings extends Flush {
  readonly runId: RunId;
  readonly ended: readonly AcceptedAttempt[];
  /** Steps by position that end without an attempt, because of what they need. */
  readonly upstreamFailed: ReadonlyMap<number, number>;
  /** Merges by position that end without an attempt, because they cannot go on. */
  readonly givenUp: ReadonlyMap<number, number>;
}

interface AssetCounts {
  readonly position: number;
  readonly states: Record<StepEnding, number>;
  readonly upstreamFailed: number;
  readonly rowCount: number;
  readonly busyMs: number;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** Adds to the counters of the run and of its assets, and says which steps they were, with the run's next revision. The run's row is locked. */
export async function countEndings(tx: Transaction<LedgerDatabase>, endings: Endings): Promise<void> {
  const { runId, revision, good, bad, made } = endings;
  if (good.length + bad.length === 0) return;
  const counts = listCounts(endings);
  await sql`
    with more as materialized (
      select * from unnest(
        ${counts.map(() => runId)}::bigint[],
        ${counts.map((each) => each.position)}::integer[],
        ${counts.map((each) => each.states.succeeded)}::integer[],
        ${counts.map((each) => each.states.unchanged)}::integer[],
        ${counts.map((each) => each.states.failed)}::integer[],
        ${counts.map((each) => each.states.blocked)}::integer[],
        ${counts.map((each) => each.states.cancelled)}::integer[],
        ${counts.map((each) => each.upstreamFailed)}::integer[],
        ${counts.map((each) => each.rowCount)}::bigint[],
        ${counts.map((each) => each.busyMs)}::bigint[],
        ${counts.map((each) => each.startedAt)}::timestamptz[],
        ${counts.map((each) => each.finishedAt)}::timestamptz[])
        as more (run_id, position, succeeded, unchanged, failed, blocked, cancelled, upstream_failed, row_count, busy_ms, started_at, finished_at)),
    told as (
      insert into watersmeet.run_flush (run_id, revision, good, bad, made)
      values (${runId}, ${revision}, ${good}::integer[], ${bad}::integer[], ${made}::integer[])),
    counted as (
      update watersmeet.run set open_count = open_count - ${good.length + bad.length}, revision = ${revision} where id = ${runId})
    update watersmeet.run_asset set
      open_count = open_count - more.succeeded - more.unchanged - more.failed - more.blocked - more.cancelled - more.upstream_failed,
      succeeded = run_asset.succeeded + more.succeeded, unchanged = run_asset.unchanged + more.unchanged,
      failed = run_asset.failed + more.failed, blocked = run_asset.blocked + more.blocked,
      cancelled = run_asset.cancelled + more.cancelled, upstream_failed = run_asset.upstream_failed + more.upstream_failed,
      row_count = run_asset.row_count + more.row_count, busy_ms = run_asset.busy_ms + more.busy_ms,
      first_started_at = least(run_asset.first_started_at, more.started_at), last_finished_at = greatest(run_asset.last_finished_at, more.finished_at)
    from more where run_asset.run_id = more.run_id and run_asset.position = more.position`.execute(tx);
  await dropOldFlushes(tx, runId, revision);
}

function listCounts({ ended, upstreamFailed, givenUp }: Endings): readonly AssetCounts[] {
  const byAsset = Map.groupBy(ended, (each) => each.position.position);
  const positions = new Set([...byAsset.keys(), ...upstreamFailed.keys(), ...givenUp.keys()]);
  return [...positions].map((position) =>
    countAsset(position, byAsset.get(position) ?? [], {
      upstreamFailed: upstreamFailed.get(position) ?? 0,
      givenUp: givenUp.get(position) ?? 0,
    }),
  );
}

function countAsset(
  position: number,
  ended: readonly AcceptedAttempt[],
  others: { readonly upstreamFailed: number; readonly givenUp: number },
): AssetCounts {
  const states = { succeeded: 0, unchanged: 0, failed: others.givenUp, blocked: 0, cancelled: 0 };
  let [rowCount, busyMs, firstMs, lastMs] = [0, 0, Number.POSITIVE_INFINITY, 0];
  for (const { ended: attempt, move } of ended) {
    if (move.state !== "ready") states[move.state] += 1;
    if (attempt.outcome.kind === "committed") rowCount += attempt.outcome.commit.rowCount;
    const [startedMs, finishedMs] = [attempt.startedAt.getTime(), attempt.finishedAt.getTime()];
    busyMs += finishedMs - startedMs;
    firstMs = Math.min(firstMs, startedMs);
    lastMs = Math.max(lastMs, finishedMs);
  }
  return {
    position,
    states,
    upstreamFailed: others.upstreamFailed,
    rowCount,
    busyMs: Math.round(busyMs),
    startedAt: ended.length === 0 ? null : new Date(firstMs),
    finishedAt: ended.length === 0 ? null : new Date(lastMs),
  };
}
