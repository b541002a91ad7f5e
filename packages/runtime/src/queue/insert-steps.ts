import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../ledger/database.ts";
import type { RunId } from "../ledger/records.ts";
import { makeReady } from "./counters/make-steps.ts";
import { beginProgress, countFromStart, withRows } from "./counters/run-counters.ts";
import { listNewSteps } from "./shape/dependencies.ts";
import type { StoredShape } from "./shape/shape-cache.ts";

/** The steps of a new run: all of them, or as many as its window has room for. */
export async function insertSteps(tx: Transaction<LedgerDatabase>, id: RunId, shape: StoredShape): Promise<void> {
  if (shape.windowSize !== null) return insertWindow(tx, id, { shape, windowSize: shape.windowSize });
  for (const asset of shape.assets) {
    const { lane = 0, priority = 0 } = shape.positions[asset.position] ?? {};
    for (const batch of listBatches(listNewSteps(shape, asset))) {
      await sql`
        insert into watersmeet.step (run_id, ordinal, asset, partition, state, lane, reason, priority, pending)
        select ${id}, ordinal, ${asset.key}, partition,
          (case when pending = 0 then 'ready' else 'waiting' end)::watersmeet.step_state, ${lane}, reason, ${priority}, pending
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

/** The first of the steps that may run at once; whoever records their ends makes the others. */
async function insertWindow(
  tx: Transaction<LedgerDatabase>,
  id: RunId,
  { shape, windowSize }: { readonly shape: StoredShape; readonly windowSize: number },
): Promise<void> {
  const counters = withRows(shape, countFromStart(shape), { has: new Uint8Array(shape.stepCount), open: 0 });
  const steps = beginProgress(shape, counters).fill(windowSize);
  await makeReady(tx, { runId: id, shape, steps });
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
