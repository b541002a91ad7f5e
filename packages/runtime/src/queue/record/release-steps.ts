import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { LedgerDb } from "../../ledger/open-ledger.ts";
import type { RunId } from "../../ledger/records.ts";
import type { ClaimRequest } from "../claim/claim-steps.ts";
import type { HeldStep } from "../claim/take-ready.ts";
import { getAssetOf } from "../shape/run-shape.ts";
import type { StoredShape } from "../shape/shape-cache.ts";

/** Room for steps that need not be ready first: the worker that releases them has slots, and no limit has a say. */
export interface Room {
  readonly request: ClaimRequest;
  /** Counted down. */
  left: number;
}

export interface Released {
  /** Steps that may be claimed now. */
  readonly readyCount: number;
  /** Steps that the worker with the room holds now. */
  readonly held: readonly HeldStep[];
}

/**
 * Steps that wait for nothing any more are written once: as running, by the worker that takes them, or as ready. What has ended meanwhile, or never will run,
 * is left alone. The run's row is locked.
 */
export async function releaseSteps(
  tx: Transaction<LedgerDatabase>,
  run: { readonly runId: RunId; readonly shape: StoredShape; readonly room: Room | null },
  released: readonly number[],
): Promise<Released> {
  if (released.length === 0) return { readyCount: 0, held: [] };
  const { runId, room } = run;
  const taken = await listTakeable(tx, run, released);
  const isTaken = new Set(taken);
  const [held, readyCount] = await Promise.all([
    room === null ? [] : takeReleased(tx, { runId, steps: taken, workerId: room.request.workerId }),
    markReady(tx, runId, taken.length === 0 ? released : released.filter((step) => !isTaken.has(step))),
  ]);
  if (room !== null) room.left -= held.length;
  return { readyCount, held };
}

/** Those that the worker with the room may take at once: no limit has a say, it can open their stores, and it has the code that they were planned with. A run that
 * was pinned to other code since has no room. */
export async function listTakeable(
  db: LedgerDb,
  { runId, shape, room }: { readonly runId: RunId; readonly shape: StoredShape; readonly room: Room | null },
  released: readonly number[],
): Promise<readonly number[]> {
  if (room === null || room.left <= 0) return [];
  const foreign = new Set(await room.request.foreign?.(db, { id: runId, code_revision: 0 }));
  const isBounded = (position: number): boolean => shape.budgets.some((budget) => budget.position === position);
  const taken = released.filter((step) => {
    const asset = getAssetOf(shape, step);
    const position = shape.positions[asset.position];
    if (position === undefined || foreign.has(asset.key)) return false;
    return position.resources.length === 0 && room.request.stores.has(position.store) && !isBounded(asset.position);
  });
  return taken.slice(0, room.left);
}

/**
 * The run's id comes with every row: a constant would let a planner without statistics begin with all steps of the run, and look through the list for each
 * (measured: 60 times slower).
 */
async function takeReleased(
  tx: Transaction<LedgerDatabase>,
  take: { readonly runId: RunId; readonly steps: readonly number[]; readonly workerId: string },
): Promise<readonly HeldStep[]> {
  if (take.steps.length === 0) return [];
  const { rows } = await sql<HeldStep>`
    update watersmeet.step set state = 'running', attempt = attempt + 1, worker_id = ${take.workerId}, started_at = now()
    from unnest(${take.steps.map(() => take.runId)}::bigint[], ${take.steps}::integer[]) as released (run_id, ordinal)
    where step.run_id = released.run_id and step.ordinal = released.ordinal and step.state = 'waiting'
    returning step.run_id as "runId", step.ordinal, asset, partition, lane, reason, attempt, crashes, decision`.execute(
    tx,
  );
  return rows;
}

/** Released this many at a time. */
const markSize = 10_000;

async function markReady(tx: Transaction<LedgerDatabase>, runId: RunId, steps: readonly number[]): Promise<number> {
  let count = 0;
  for (let from = 0; from < steps.length; from += markSize) {
    const some = steps.slice(from, from + markSize);
    const { rows } = await sql<{ count: number }>`
      with moved as (
        update watersmeet.step set state = 'ready'
        from unnest(${some.map(() => runId)}::bigint[], ${some}::integer[]) as released (run_id, ordinal)
        where step.run_id = released.run_id and step.ordinal = released.ordinal and step.state = 'waiting'
        returning 1)
      select count(*)::integer as count from moved`.execute(tx);
    count += rows[0]?.count ?? 0;
  }
  return count;
}
