import type { Json } from "@watersmeet/core/values";
import { sql } from "kysely";
import { buildPage, isId, parseCursor } from "./cursor.ts";
import type { Ledger, Page, PageRequest } from "./ledger.ts";
import type { LedgerDb } from "./open-ledger.ts";
import type { OnDeploy, RunId, RunRecord, RunState, StepState } from "./records.ts";

export async function findRun(db: LedgerDb, id: RunId): Promise<RunRecord | undefined> {
  if (!isId(id)) return undefined;
  const { rows } = await sql<RunRow>`${selectRuns} where run.id = ${id}`.execute(db);
  return rows.map(toRunRecord)[0];
}

/** Newest first. */
export async function listRuns(
  db: LedgerDb,
  filter: Parameters<Ledger["listRuns"]>[0],
  page: PageRequest,
): Promise<Page<RunRecord>> {
  const { rows } = await sql<RunRow>`${selectRuns}
    where (${filter.kind ?? null}::text is null or run.kind = ${filter.kind ?? null})
      and (${filter.state ?? null}::watersmeet.run_state is null or run.state = ${filter.state ?? null}::watersmeet.run_state)
      and (${parseCursor(page.cursor)}::bigint is null or run.id < ${parseCursor(page.cursor)}::bigint)
    order by run.id desc limit ${page.limit + 1}`.execute(db);
  return buildPage(rows, { limit: page.limit, keyOf: (row) => row.id, toItem: toRunRecord });
}

interface RunRow {
  readonly id: RunId;
  readonly kind: "run" | "backfill";
  readonly environment: string;
  readonly state: RunState;
  readonly selection: string;
  readonly partitions: string | null;
  readonly requested_by: string;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
  readonly max_parallel: number | null;
  readonly on_deploy: OnDeploy;
  readonly failure: Json;
  readonly step_count: number;
  readonly open_count: number;
  readonly skipped: RunRecord["skipped"];
  readonly ready: number;
  readonly running: number;
  readonly succeeded: number;
  readonly unchanged: number;
  readonly failed: number;
  readonly blocked: number;
  readonly upstream_failed: number;
  readonly cancelled: number;
}

/** Endings are counted as they are written; ready and running steps through their partial indexes; waiting is what is left. */
const selectRuns = sql`
  select run.id, kind, environment, state, selection, partitions, requested_by, created_at, started_at, finished_at, max_parallel, on_deploy, failure,
    step_count, open_count, skipped, ends.*, live.*
  from watersmeet.run
  cross join lateral (
    select coalesce(sum(succeeded), 0)::integer as succeeded, coalesce(sum(unchanged), 0)::integer as unchanged,
      coalesce(sum(failed), 0)::integer as failed, coalesce(sum(blocked), 0)::integer as blocked,
      coalesce(sum(upstream_failed), 0)::integer as upstream_failed, coalesce(sum(cancelled), 0)::integer as cancelled
    from watersmeet.run_asset where run_asset.run_id = run.id) as ends
  cross join lateral (
    select
      case when run.open_count = 0 then 0
        else (select count(*)::integer from watersmeet.step where step.run_id = run.id and step.state = 'ready') end as ready,
      case when run.open_count = 0 then 0
        else (select count(*)::integer from watersmeet.step where step.run_id = run.id and step.state = 'running') end as running) as live`;

function toRunRecord(row: RunRow): RunRecord {
  const steps: Record<StepState, number> = {
    waiting: Math.max(0, row.open_count - row.ready - row.running),
    ready: row.ready,
    running: row.running,
    succeeded: row.succeeded,
    unchanged: row.unchanged,
    failed: row.failed,
    blocked: row.blocked,
    upstreamFailed: row.upstream_failed,
    cancelled: row.cancelled,
  };
  return {
    id: row.id,
    kind: row.kind,
    environment: row.environment,
    state: row.state,
    select: row.selection,
    partitions: row.partitions,
    requestedBy: row.requested_by,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    maxParallel: row.max_parallel,
    onDeploy: row.on_deploy,
    failure: row.failure,
    stepCount: row.step_count,
    skipped: row.skipped,
    steps,
  };
}
