import type { Plan, SkipReason } from "@watersmeet/core/plan";
import { countRanges, type AssetKey } from "@watersmeet/core/values";
import { sql, type Transaction } from "kysely";
import type { Lane, LaneBudget, LedgerDatabase } from "../ledger/database.ts";
import { insertEvents } from "../ledger/events.ts";
import type { LedgerDb } from "../ledger/open-ledger.ts";
import type { OnDeploy, RunId } from "../ledger/records.ts";
import { fingerprintLayout, type AssetExecution } from "./asset-execution.ts";
import { placeBudgets } from "./budget/place-budgets.ts";
import { hasDrain } from "./budget/readers.ts";
import { insertSteps } from "./insert-steps.ts";
import type { AssetPosition } from "./record/accepted-attempt.ts";
import { rankAssets } from "./shape/priorities.ts";
import { buildRunShape, type RunShape, type ShapeAsset } from "./shape/run-shape.ts";
import type { StoredShape } from "./shape/shape-cache.ts";

export interface NewRun {
  readonly kind: "run" | "backfill";
  readonly plan: Plan;
  readonly executionOf: (asset: AssetKey) => AssetExecution;
  readonly requestedBy: string;
  readonly idempotencyKey: string | null;
  readonly maxParallel: number | null;
  /** What becomes of steps that have not begun when other code is deployed. @default "pin" */
  readonly onDeploy?: OnDeploy;
  /** Rows ahead of those that have ended. @default 4,000, and all of them in a run of no more than 1,000 steps */
  readonly windowSize?: number;
  /** 32 hex digits. */
  readonly traceId: string;
}

/**
 * Records a run and its steps, all or nothing. A key that was used before gives the run of that time. A run without steps has succeeded at once.
 * Who calls rings the doorbell afterwards.
 */
export async function insertRun(
  db: LedgerDb,
  run: NewRun,
): Promise<{ readonly id: RunId; readonly isExisting: boolean }> {
  const shape = buildRunShape(run.plan, (asset) => run.executionOf(asset).wait ?? null);
  const executions = shape.assets.map((asset) => run.executionOf(asset.key));
  const chosen = shape.assets.map((asset, index) => toLane(asset, executions[index]));
  const lanes = [...new Map(chosen.map((lane) => [laneKey(lane), lane])).values()];
  const means = await findMeanDurations(
    db,
    shape.assets.map((asset) => asset.key),
  );
  const windowSize = chooseWindow(shape, run.windowSize);
  const laneOf = new Map(lanes.map((lane, index) => [laneKey(lane), index]));
  const positions = describePositions(shape, {
    executions,
    lanes: chosen.map((lane) => laneOf.get(laneKey(lane)) ?? 0),
    priorities: rankAssets(shape, means),
  });
  const budgets = placeBudgets(shape.assets, lanes);
  const stored: StoredShape = { ...shape, traceId: run.traceId, windowSize, positions, budgets };
  return db.transaction().execute(async (tx) => {
    const id = await insertRunRow(tx, run, { shape: stored, lanes });
    if (id === undefined) return { id: await getRunByKey(tx, run.idempotencyKey), isExisting: true };
    await insertRunAssets(tx, { id, shape: stored, executions });
    await insertSteps(tx, id, stored);
    await insertEvents(tx, [
      {
        kind: "run:queued",
        runId: id,
        body: { select: run.plan.request.select, steps: shape.stepCount, by: run.requestedBy },
      },
      ...(shape.stepCount === 0 ? [{ kind: "run:finished", runId: id, body: { state: "succeeded" } }] : []),
    ]);
    return { id, isExisting: false };
  });
}

/** Runs of more steps than this get their rows by and by: a million partitions are not a million rows at once. */
const largestWhole = 1000;

/** Rows ahead of those that have ended. */
const usualWindow = 4000;

/** Merges that wait by terms look at the rows of their branches, so those have to be there. */
function chooseWindow(shape: RunShape, wanted: number | undefined): number | null {
  if (shape.hasLegs) return null;
  return wanted ?? (shape.stepCount > largestWhole ? usualWindow : null);
}

function describePositions(
  shape: RunShape,
  run: {
    readonly executions: readonly AssetExecution[];
    /** By position. */
    readonly lanes: readonly number[];
    readonly priorities: readonly number[];
  },
): readonly AssetPosition[] {
  return shape.assets.map(({ position }) => {
    const execution = run.executions[position] ?? { store: "default", resources: [], maxAttempts: 1 };
    return {
      position,
      store: execution.store,
      resources: execution.resources,
      maxAttempts: execution.maxAttempts,
      lane: run.lanes[position] ?? 0,
      priority: run.priorities[position] ?? 0,
    };
  });
}

/** An asset with a budget has a lane of its own, so that claims can pass it over. */
function toLane(asset: ShapeAsset, execution: AssetExecution | undefined): Lane {
  const { store = "default", resources = [], stagedBytes }: Partial<AssetExecution> = execution ?? {};
  const bytes = stagedBytes ?? null;
  if (bytes === null || !hasDrain(asset)) return { store, resources };
  const budget: LaneBudget = { asset: asset.key, bytes };
  return { store, resources, budget };
}

function laneKey({ store, resources, budget }: Lane): string {
  return JSON.stringify([store, budget?.asset ?? null, ...resources.flatMap(({ name, weight }) => [name, weight])]);
}

/** Mean milliseconds of a step, over the last runs of each asset. */
export async function findMeanDurations(
  db: LedgerDb,
  assets: readonly AssetKey[],
): Promise<ReadonlyMap<AssetKey, number>> {
  const { rows } = await sql<{ asset: AssetKey; mean_ms: number }>`
    select wanted.asset, sum(recent.busy_ms)::float8 / sum(recent.succeeded) as mean_ms
    from unnest(${[...assets]}::text[]) as wanted (asset)
    cross join lateral (
      select busy_ms, succeeded from watersmeet.run_asset
      where run_asset.asset = wanted.asset and succeeded > 0 order by run_id desc limit 5
    ) as recent
    group by wanted.asset`.execute(db);
  return new Map(rows.map((row) => [row.asset, row.mean_ms]));
}

async function insertRunRow(
  tx: Transaction<LedgerDatabase>,
  run: NewRun,
  parts: { readonly shape: StoredShape; readonly lanes: readonly Lane[] },
): Promise<RunId | undefined> {
  const { plan } = run;
  await tx
    .insertInto("environment")
    .values({ name: plan.environment, parent: null })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const isDone = parts.shape.stepCount === 0;
  const row = await tx
    .insertInto("run")
    .values({
      kind: run.kind,
      environment: plan.environment,
      state: isDone ? "succeeded" : "queued",
      selection: plan.request.select,
      partitions: plan.request.partitions ?? null,
      requested_by: run.requestedBy,
      idempotency_key: run.idempotencyKey,
      max_parallel: run.maxParallel,
      on_deploy: run.onDeploy ?? "pin",
      step_count: parts.shape.stepCount,
      open_count: parts.shape.stepCount,
      window_size: parts.shape.windowSize,
      skipped: JSON.stringify(countSkipped(plan)),
      lanes: JSON.stringify(parts.lanes),
      trace_id: run.traceId,
      plan: JSON.stringify(plan),
      started_at: isDone ? sql<Date>`now()` : null,
      finished_at: isDone ? sql<Date>`now()` : null,
    })
    .onConflict((conflict) => conflict.column("idempotency_key").doNothing())
    .returning("id")
    .executeTakeFirst();
  return row?.id;
}

function countSkipped(plan: Plan): Partial<Record<SkipReason["kind"], number>> {
  const counts: Partial<Record<SkipReason["kind"], number>> = {};
  for (const group of plan.assets.flatMap((asset) => asset.skip)) {
    counts[group.reason.kind] = (counts[group.reason.kind] ?? 0) + countRanges(group.partitions);
  }
  return counts;
}

async function getRunByKey(tx: Transaction<LedgerDatabase>, key: string | null): Promise<RunId> {
  const row = await tx.selectFrom("run").select("id").where("idempotency_key", "=", key).executeTakeFirstOrThrow();
  return row.id;
}

async function insertRunAssets(
  tx: Transaction<LedgerDatabase>,
  run: { readonly id: RunId; readonly shape: StoredShape; readonly executions: readonly AssetExecution[] },
): Promise<void> {
  for (let from = 0; from < run.shape.assets.length; from += 1000) {
    await insertRunAssetRows(tx, run, run.shape.assets.slice(from, from + 1000));
  }
}

async function insertRunAssetRows(
  tx: Transaction<LedgerDatabase>,
  run: { readonly id: RunId; readonly shape: StoredShape; readonly executions: readonly AssetExecution[] },
  assets: readonly ShapeAsset[],
): Promise<void> {
  await tx
    .insertInto("run_asset")
    .values(
      assets.map((asset) => ({
        run_id: run.id,
        position: asset.position,
        asset: asset.key,
        first_ordinal: asset.firstStep,
        step_count: asset.partitions.count,
        open_count: asset.partitions.count,
        reasons: JSON.stringify(asset.planned.run.map((group) => group.reason)),
        code_version: asset.planned.codeVersion,
        schema_version: asset.planned.schemaVersion,
        ...renderPosition(run.shape.positions[asset.position]),
        wait: renderWait(run.executions[asset.position]),
        layout: renderLayout(asset, run.executions[asset.position]),
      })),
    )
    .execute();
}

function renderPosition(position: AssetPosition | undefined) {
  return {
    store: position?.store ?? "default",
    resources: JSON.stringify(position?.resources ?? []),
    lane: position?.lane ?? 0,
    priority: position?.priority ?? 0,
    max_attempts: position?.maxAttempts ?? 1,
  };
}

function renderWait(execution: AssetExecution | undefined): string | null {
  return execution?.wait === undefined ? null : JSON.stringify(execution.wait);
}

function renderLayout({ planned }: ShapeAsset, execution: AssetExecution | undefined): string | null {
  return execution === undefined ? null : fingerprintLayout(planned, execution);
}
