import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { RunId } from "../../ledger/records.ts";
import type { HeldStep } from "../claim/take-ready.ts";
import { indexReasons } from "../shape/dependencies.ts";
import { getAssetOf, getPartitionOf } from "../shape/run-shape.ts";
import type { StoredShape } from "../shape/shape-cache.ts";

/** Steps of a large run that get their rows. */
export interface NewRows {
  readonly runId: RunId;
  readonly shape: StoredShape;
  readonly steps: readonly number[];
}

/** Rows at a time. */
const batchSize = 10_000;

/** As ready. One that waits, after a retry, becomes ready as well. Gives how many there are. */
export async function makeReady(tx: Transaction<LedgerDatabase>, rows: NewRows): Promise<number> {
  let count = 0;
  for (const batch of listBatches(rows)) {
    const { rows: made } = await sql<{ count: number }>`
      with made as (
        insert into watersmeet.step (run_id, ordinal, asset, partition, state, lane, reason, priority, pending)
        select *, 0 from ${unnestRows(batch, "ready")}
        on conflict (run_id, ordinal) do update set state = 'ready' where step.state = 'waiting'
        returning 1)
      select count(*)::integer as count from made`.execute(tx);
    count += made[0]?.count ?? 0;
  }
  return count;
}

/** As running, by a worker. */
export async function makeRunning(
  tx: Transaction<LedgerDatabase>,
  rows: NewRows,
  workerId: string,
): Promise<readonly HeldStep[]> {
  if (rows.steps.length === 0) return [];
  const { rows: held } = await sql<HeldStep>`
    insert into watersmeet.step (run_id, ordinal, asset, partition, state, lane, reason, priority, pending, attempt, worker_id, started_at)
    select *, 0, 1, ${workerId}::bigint, now() from ${unnestRows(rows, "running")}
    on conflict (run_id, ordinal) do update
      set state = 'running', attempt = step.attempt + 1, worker_id = excluded.worker_id, started_at = excluded.started_at
      where step.state = 'waiting'
    returning run_id as "runId", ordinal, asset, partition, lane, reason, attempt, crashes, decision`.execute(tx);
  return held;
}

/** As running, by a worker that holds them already. Those that have ended since have rows, and stay as they are. */
export async function makeHeld(
  tx: Transaction<LedgerDatabase>,
  rows: NewRows,
  held: { readonly workerId: string; readonly takenAt: Date },
): Promise<void> {
  for (const batch of listBatches(rows)) {
    await sql`
      insert into watersmeet.step (run_id, ordinal, asset, partition, state, lane, reason, priority, pending, attempt, worker_id, started_at)
      select *, 0, 1, ${held.workerId}::bigint, ${held.takenAt}::timestamptz from ${unnestRows(batch, "running")}
      on conflict (run_id, ordinal) do nothing`.execute(tx);
  }
}

/** As upstreamFailed. Gives those that are so now and were not before. */
export async function makeLost(tx: Transaction<LedgerDatabase>, rows: NewRows): Promise<readonly number[]> {
  const lost: number[] = [];
  for (const batch of listBatches(rows)) {
    const { rows: made } = await sql<{ ordinal: number }>`
      insert into watersmeet.step (run_id, ordinal, asset, partition, state, lane, reason, priority, pending, finished_at)
      select *, 0, now() from ${unnestRows(batch, "upstreamFailed")}
      on conflict (run_id, ordinal) do update set state = 'upstreamFailed', finished_at = now() where step.state = 'waiting'
      returning ordinal`.execute(tx);
    for (const { ordinal } of made) lost.push(ordinal);
  }
  return lost;
}

function* listBatches(rows: NewRows): Generator<NewRows, void, undefined> {
  for (let from = 0; from < rows.steps.length; from += batchSize)
    yield { ...rows, steps: rows.steps.slice(from, from + batchSize) };
}

function unnestRows({ runId, shape, steps }: NewRows, state: "ready" | "running" | "upstreamFailed") {
  const places = steps.map((step) => {
    const asset = getAssetOf(shape, step);
    const partition = getPartitionOf(asset, step);
    return { asset, partition, position: shape.positions[asset.position] };
  });
  return sql`unnest(
    ${steps.map(() => runId)}::bigint[],
    ${steps}::integer[],
    ${places.map(({ asset }) => asset.key)}::text[],
    ${places.map(({ asset, partition }) => asset.space.keyAt(partition))}::text[],
    ${steps.map(() => state)}::watersmeet.step_state[],
    ${places.map(({ position }) => position?.lane ?? 0)}::smallint[],
    ${places.map(({ asset, partition }) => indexReasons(asset)(partition))}::smallint[],
    ${places.map(({ position }) => position?.priority ?? 0)}::integer[]) as made`;
}
