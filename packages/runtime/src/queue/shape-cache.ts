import type { WaitPolicy } from "@watersmeet/core";
import { WatersmeetError } from "@watersmeet/core/errors";
import { parsePlan } from "@watersmeet/core/plan";
import type { AssetKey } from "@watersmeet/core/values";
import type { LedgerDb } from "../ledger/open-ledger.ts";
import type { RunId } from "../ledger/records.ts";
import { buildRunShape, type RunShape } from "./run-shape.ts";

/** The shape of a run that the ledger has. */
export interface StoredShape extends RunShape {
  readonly traceId: string;
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
  const row = await db.selectFrom("run").select(["plan", "trace_id"]).where("id", "=", runId).executeTakeFirst();
  if (row === undefined) throw new WatersmeetError("RUN_NOT_FOUND", `There is no run ${runId}`);
  const waits = await readWaits(db, runId);
  return { ...buildRunShape(parsePlan(row.plan), (asset) => waits.get(asset) ?? null), traceId: row.trace_id };
}

async function readWaits(db: LedgerDb, runId: RunId): Promise<ReadonlyMap<AssetKey, WaitPolicy>> {
  const rows = await db
    .selectFrom("run_asset")
    .select(["asset", "wait"])
    .where("run_id", "=", runId)
    .where("wait", "is not", null)
    .execute();
  return new Map(rows.flatMap(({ asset, wait }) => (wait === null ? [] : [[asset, wait] as const])));
}
