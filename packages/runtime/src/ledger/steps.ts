import type { RunReason } from "@watersmeet/core/plan";
import type { AssetKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import { buildPage, isId, parseCursor } from "./cursor.ts";
import type { Ledger, Page, PageRequest } from "./ledger.ts";
import type { LedgerDb } from "./open-ledger.ts";
import type { RunId, StepRecord, StepState } from "./records.ts";

type StepSummary = Awaited<ReturnType<Ledger["summarizeSteps"]>>[number];

/** By ordinal, which is a topological order. */
export async function listSteps(
  db: LedgerDb,
  options: { readonly id: RunId; readonly filter: Parameters<Ledger["listSteps"]>[1]; readonly page: PageRequest },
): Promise<Page<StepRecord>> {
  const { id, filter, page } = options;
  if (!isId(id)) return { items: [], nextCursor: null };
  const { rows } = await sql<StepRow>`
    select step.run_id, step.ordinal, step.asset, step.partition, step.state, run_asset.reasons -> step.reason::integer as reason, step.attempt,
      step.started_at, step.finished_at, step.not_before, step.worker_id, step.progress, step.failure, step.materialization_id, step.row_count
    from watersmeet.step
    join watersmeet.run_asset on run_asset.run_id = step.run_id and run_asset.asset = step.asset
    where step.run_id = ${id}
      and (${filter.state ?? null}::watersmeet.step_state is null or step.state = ${filter.state ?? null}::watersmeet.step_state)
      and (${filter.asset ?? null}::text is null or step.asset = ${filter.asset ?? null})
      and step.ordinal > coalesce(${parseCursor(page.cursor)}::bigint, -1)
    order by step.ordinal limit ${page.limit + 1}`.execute(db);
  return buildPage(rows, { limit: page.limit, keyOf: (row) => String(row.ordinal), toItem: toStepRecord });
}

interface StepRow {
  readonly run_id: RunId;
  readonly ordinal: number;
  readonly asset: AssetKey;
  readonly partition: StepRecord["partition"];
  readonly state: StepState;
  readonly reason: RunReason;
  readonly attempt: number;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
  readonly not_before: Date | null;
  readonly worker_id: string | null;
  readonly progress: StepRecord["progress"];
  readonly failure: StepRecord["failure"];
  readonly materialization_id: StepRecord["materializationId"];
  readonly row_count: string | null;
}

function toStepRecord(row: StepRow): StepRecord {
  return {
    runId: row.run_id,
    ordinal: row.ordinal,
    asset: row.asset,
    partition: row.partition,
    state: row.state,
    reason: row.reason,
    attempt: row.attempt,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    notBefore: row.not_before,
    workerId: row.worker_id,
    progress: row.progress,
    failure: row.failure,
    materializationId: row.materialization_id,
    rowCount: row.row_count === null ? null : Number(row.row_count),
  };
}

/** Step counts by asset and state, in the order of the plan. Reads counters and the two small partial indexes, never all steps. */
export async function summarizeSteps(db: LedgerDb, id: RunId): Promise<readonly StepSummary[]> {
  if (!isId(id)) return [];
  const { rows } = await sql<SummaryRow>`
    with live as (
      select asset, count(*) filter (where state = 'ready')::integer as ready, count(*) filter (where state = 'running')::integer as running,
        min(started_at) filter (where state = 'running') as started_at
      from watersmeet.step where run_id = ${id} and state in ('ready', 'running') group by asset)
    select run_asset.asset, open_count, coalesce(live.ready, 0) as ready, coalesce(live.running, 0) as running, succeeded, unchanged, failed,
      blocked, upstream_failed, cancelled, row_count, busy_ms, least(first_started_at, live.started_at) as first_started_at, last_finished_at
    from watersmeet.run_asset left join live on live.asset = run_asset.asset
    where run_id = ${id} order by position`.execute(db);
  return rows.map(toSummary);
}

interface SummaryRow {
  readonly asset: AssetKey;
  readonly open_count: number;
  readonly ready: number;
  readonly running: number;
  readonly succeeded: number;
  readonly unchanged: number;
  readonly failed: number;
  readonly blocked: number;
  readonly upstream_failed: number;
  readonly cancelled: number;
  readonly row_count: string;
  readonly busy_ms: string;
  readonly first_started_at: Date | null;
  readonly last_finished_at: Date | null;
}

function toSummary(row: SummaryRow): StepSummary {
  return {
    asset: row.asset,
    steps: {
      waiting: Math.max(0, row.open_count - row.ready - row.running),
      ready: row.ready,
      running: row.running,
      succeeded: row.succeeded,
      unchanged: row.unchanged,
      failed: row.failed,
      blocked: row.blocked,
      upstreamFailed: row.upstream_failed,
      cancelled: row.cancelled,
    },
    firstStartedAt: row.first_started_at,
    lastFinishedAt: row.last_finished_at,
    busyMs: Number(row.busy_ms),
    rowCount: Number(row.row_count),
  };
}
