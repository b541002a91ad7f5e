import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { RunId } from "../../ledger/records.ts";
import type { AcceptedAttempt } from "./accepted-attempt.ts";

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

export interface Endings {
  readonly runId: RunId;
  readonly ended: readonly AcceptedAttempt[];
  /** Steps by position that end without an attempt, because of what they need. */
  readonly upstreamFailed: ReadonlyMap<number, number>;
  /** Merges by position that end without an attempt, because they cannot go on. */
  readonly givenUp: ReadonlyMap<number, number>;
}

export interface CountedEndings {
  /** Positions of assets whose last step has ended now. */
  readonly closed: readonly number[];
  /** Those of them all of whose steps ended well. */
  readonly closedWell: readonly number[];
  /** Whether the run's last step has ended. */
  readonly isLast: boolean;
}

/** Adds to the counters of assets and of the run. */
export async function countEndings(tx: Transaction<LedgerDatabase>, endings: Endings): Promise<CountedEndings> {
  const { runId, ended, upstreamFailed, givenUp } = endings;
  const byAsset = Map.groupBy(ended, (each) => each.position.position);
  const positions = new Set([...byAsset.keys(), ...upstreamFailed.keys(), ...givenUp.keys()]);
  const counts = [...positions]
    .sort((a, b) => a - b)
    .map((position) =>
      countAsset(position, byAsset.get(position) ?? [], {
        upstreamFailed: upstreamFailed.get(position) ?? 0,
        givenUp: givenUp.get(position) ?? 0,
      }),
    );
  const total = counts.reduce((sum, each) => sum + each.ended, 0);
  const countAssets = sql<{ position: number; open_count: number; bad: number }>`
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
    returning run_asset.position, run_asset.open_count,
      run_asset.failed + run_asset.blocked + run_asset.upstream_failed + run_asset.cancelled as bad`;
  const countRun = sql<{ open_count: number }>`
    update watersmeet.run set open_count = open_count - ${total} where id = ${runId} returning open_count`;
  const [{ rows }, { rows: runs }] = await Promise.all([countAssets.execute(tx), countRun.execute(tx)]);
  const closed = rows.filter((row) => row.open_count === 0);
  return {
    closed: closed.map((row) => row.position),
    closedWell: closed.filter((row) => row.bad === 0).map((row) => row.position),
    isLast: runs[0]?.open_count === 0,
  };
}

function countAsset(
  position: number,
  ended: readonly AcceptedAttempt[],
  others: { readonly upstreamFailed: number; readonly givenUp: number },
): AssetCounts {
  const count = (state: string): number => ended.filter(({ move }) => move.state === state).length;
  const startedMs = ended.map((each) => each.ended.startedAt.getTime());
  const finishedMs = ended.map((each) => each.ended.finishedAt.getTime());
  return {
    position,
    ended: ended.length + others.upstreamFailed + others.givenUp,
    succeeded: count("succeeded"),
    unchanged: count("unchanged"),
    failed: count("failed") + others.givenUp,
    blocked: count("blocked"),
    cancelled: count("cancelled"),
    upstreamFailed: others.upstreamFailed,
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
