import type { WaitPolicy } from "@watersmeet/core";
import { WatersmeetError } from "@watersmeet/core/errors";
import { parsePlan } from "@watersmeet/core/plan";
import type { AssetKey } from "@watersmeet/core/values";
import { sql } from "kysely";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";
import { placeBudgets, type PlacedBudget } from "../budget/place-budgets.ts";
import type { AssetPosition } from "../record/accepted-attempt.ts";
import { buildRunShape, type RunShape } from "./run-shape.ts";

/** The shape of a run that the ledger has. */
export interface StoredShape extends RunShape {
  readonly traceId: string;
  /** Steps that have rows ahead of those that have ended; `null`: all have theirs from the start. */
  readonly windowSize: number | null;
  /** By position. */
  readonly positions: readonly AssetPosition[];
  /** Of what waits between stages; empty: none is bounded. */
  readonly budgets: readonly PlacedBudget[];
}

/** From memory, or from the stored plan. */
export type ShapeOf = (db: LedgerDb, runId: RunId) => Promise<StoredShape>;

/** Plans never change, so their shapes are kept for as long as the process works on few other runs. */
export function createShapeCache(capacity = 32): ShapeOf {
  const shapes = new Map<RunId, StoredShape>();
  return async (db, runId) => {
    const known = shapes.get(runId);
    const shape = known ?? (await readShape(db, runId));
    // Last used comes last.
    shapes.delete(runId);
    shapes.set(runId, shape);
    const oldest = shapes.keys().next();
    if (shapes.size > capacity && oldest.done !== true) shapes.delete(oldest.value);
    return shape;
  };
}

async function readShape(db: LedgerDb, runId: RunId): Promise<StoredShape> {
  const row = await db
    .selectFrom("run")
    .select(["plan", "trace_id", "window_size", "lanes"])
    .where("id", "=", runId)
    .executeTakeFirst();
  if (row === undefined) throw new WatersmeetError("RUN_NOT_FOUND", `There is no run ${runId}`);
  const rows = await readPositions(db, runId);
  const waits = new Map(rows.map(({ asset, wait }) => [asset, wait]));
  const shape = buildRunShape(parsePlan(row.plan), (asset) => waits.get(asset) ?? null);
  const budgets = placeBudgets(shape.assets, row.lanes);
  return { ...shape, traceId: row.trace_id, windowSize: row.window_size, positions: rows, budgets };
}

async function readPositions(
  db: LedgerDb,
  runId: RunId,
): Promise<readonly (AssetPosition & { readonly asset: AssetKey; readonly wait: WaitPolicy | null })[]> {
  const { rows } = await sql<AssetPosition & { readonly asset: AssetKey; readonly wait: WaitPolicy | null }>`
    select position, asset, store, resources, lane, priority, wait, max_attempts as "maxAttempts"
    from watersmeet.run_asset where run_id = ${runId} order by position`.execute(db);
  return rows;
}
