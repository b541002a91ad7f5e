import type { ResourceUse, WaitPolicy } from "@watersmeet/core";
import type { Plan, SkipReason } from "@watersmeet/core/plan";
import { countRanges, type AssetKey } from "@watersmeet/core/values";
import { sql, type Transaction } from "kysely";
import type { Lane, LedgerDatabase } from "../ledger/database.ts";
import { insertEvents } from "../ledger/events.ts";
import type { LedgerDb } from "../ledger/open-ledger.ts";
import type { RunId } from "../ledger/records.ts";
import { listNewSteps } from "./shape/dependencies.ts";
import { rankAssets } from "./shape/priorities.ts";
import { buildRunShape, type RunShape, type ShapeAsset } from "./shape/run-shape.ts";

/** How the steps of an asset are run; from the project's specs. */
export interface AssetExecution {
  readonly store: string;
  /** By name. */
  readonly resources: readonly ResourceUse[];
  readonly maxAttempts: number;
  /** Of a merge: how it waits for its branches; absent: not a merge. */
  readonly wait?: WaitPolicy;
}

export interface NewRun {
  readonly kind: "run" | "backfill";
  readonly plan: Plan;
  readonly executionOf: (asset: AssetKey) => AssetExecution;
  readonly requestedBy: string;
  readonly idempotencyKey: string | null;
  readonly maxParallel: number | null;
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
  const lanes = listLanes(executions);
  const means = await findMeanDurations(
    db,
    shape.assets.map((asset) => asset.key),
  );
  return db.transaction().execute(async (tx) => {
    const id = await insertRunRow(tx, run, { shape, lanes });
    if (id === undefined) return { id: await getRunByKey(tx, run.idempotencyKey), isExisting: true };
    await insertRunAssets(tx, { id, shape, executions });
    await insertSteps(tx, { id, shape, lanes, executions, priorities: rankAssets(shape, means) });
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

function listLanes(executions: readonly AssetExecution[]): readonly Lane[] {
  const lanes = new Map<string, Lane>();
  for (const { store, resources } of executions) lanes.set(laneKey({ store, resources }), { store, resources });
  return [...lanes.values()];
}

function laneKey({ store, resources }: Lane): string {
  return JSON.stringify([store, ...resources.flatMap(({ name, weight }) => [name, weight])]);
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
  parts: { readonly shape: RunShape; readonly lanes: readonly Lane[] },
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
      step_count: parts.shape.stepCount,
      open_count: parts.shape.stepCount,
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
  run: { readonly id: RunId; readonly shape: RunShape; readonly executions: readonly AssetExecution[] },
): Promise<void> {
  for (let from = 0; from < run.shape.assets.length; from += 1000) {
    await insertRunAssetRows(tx, run, run.shape.assets.slice(from, from + 1000));
  }
}

async function insertRunAssetRows(
  tx: Transaction<LedgerDatabase>,
  run: { readonly id: RunId; readonly executions: readonly AssetExecution[] },
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
        store: run.executions[asset.position]?.store ?? "default",
        resources: JSON.stringify(run.executions[asset.position]?.resources ?? []),
        max_attempts: run.executions[asset.position]?.maxAttempts ?? 1,
        wait: renderWait(run.executions[asset.position]),
      })),
    )
    .execute();
}

function renderWait(execution: AssetExecution | undefined): string | null {
  return execution?.wait === undefined ? null : JSON.stringify(execution.wait);
}

const insertBatchSize = 10_000;

function* listBatches<T>(items: Iterable<T>): Generator<readonly T[], void, undefined> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length === insertBatchSize) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

async function insertSteps(
  tx: Transaction<LedgerDatabase>,
  run: {
    readonly id: RunId;
    readonly shape: RunShape;
    readonly lanes: readonly Lane[];
    readonly executions: readonly AssetExecution[];
    readonly priorities: readonly number[];
  },
): Promise<void> {
  const laneNumbers = new Map(run.lanes.map((lane, index) => [laneKey(lane), index]));
  for (const asset of run.shape.assets) {
    const execution = run.executions[asset.position];
    const lane = execution === undefined ? 0 : (laneNumbers.get(laneKey(execution)) ?? 0);
    for (const batch of listBatches(listNewSteps(run.shape, asset))) {
      await sql`
        insert into watersmeet.step (run_id, ordinal, asset, partition, state, lane, reason, priority, pending)
        select ${run.id}, ordinal, ${asset.key}, partition,
          (case when pending = 0 then 'ready' else 'waiting' end)::watersmeet.step_state, ${lane}, reason,
          ${run.priorities[asset.position] ?? 0}, pending
        from unnest(
          ${batch.map((step) => step.ordinal)}::integer[],
          ${batch.map((step) => step.partition)}::text[],
          ${batch.map((step) => step.reason)}::smallint[],
          ${batch.map((step) => step.pending)}::integer[]) as new_step (ordinal, partition, reason, pending)`.execute(
        tx,
      );
    }
  }
}
