import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../ledger/database.ts";
import type { BreakerMove } from "./rules/decide-breaker.ts";

/** Carries a move out, unless somebody moved the breaker since it was read. */
export async function moveBreaker(
  tx: Transaction<LedgerDatabase>,
  breaker: { readonly resource: string; readonly generation: string },
  move: BreakerMove,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable("breaker")
    .set((eb) => ({
      ...columnsOf(move),
      probing_until: null,
      ...(move.kind === "close" ? { counted_from: sql<string>`generation + 1`, closed_at: eb.fn<Date>("now") } : {}),
      generation: sql<string>`generation + 1`,
      changed_by: "watersmeet",
      changed_at: eb.fn<Date>("now"),
    }))
    .where("resource", "=", breaker.resource)
    .where("generation", "=", breaker.generation)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

function columnsOf(move: BreakerMove) {
  switch (move.kind) {
    case "open":
      return {
        state: "open" as const,
        retry_at: move.retryAt,
        opened_at: move.openedAt,
        failed_probes: move.failedProbes,
        probe_ok: 0,
        reason: move.reason,
      };
    case "probed":
      return { probe_ok: move.probeOk };
    case "close":
      return { state: "closed" as const, retry_at: null, opened_at: null, failed_probes: 0, probe_ok: 0, reason: null };
  }
}

/** What one recording adds to a worker's counts. Streaks are as they stand now. */
export interface CountedBatch {
  readonly resource: string;
  readonly workerId: string;
  readonly generation: string;
  readonly ok: number;
  readonly bad: number;
  readonly slow: number;
  readonly attempts: number;
  readonly retries: number;
  readonly badStreak: number;
  readonly unreachableStreak: number;
}

/** Adds to the span of time that is now. Who begins a new one takes those away that no window reaches any more. */
export async function writeCounts(tx: Transaction<LedgerDatabase>, batches: readonly CountedBatch[]): Promise<void> {
  if (batches.length === 0) return;
  const { rows } = await sql<{ isNew: boolean }>`
    insert into watersmeet.breaker_bucket as bucket (resource, worker_id, bucket_at, generation, ok, bad, slow, attempts, retries, bad_streak, unreachable_streak)
    select resource, worker_id, date_bin('15 seconds', now(), 'epoch'), generation, ok, bad, slow, attempts, retries, bad_streak, unreachable_streak
    from unnest(
      ${batches.map((each) => each.resource)}::text[],
      ${batches.map((each) => each.workerId)}::bigint[],
      ${batches.map((each) => each.generation)}::bigint[],
      ${batches.map((each) => each.ok)}::integer[],
      ${batches.map((each) => each.bad)}::integer[],
      ${batches.map((each) => each.slow)}::integer[],
      ${batches.map((each) => each.attempts)}::integer[],
      ${batches.map((each) => each.retries)}::integer[],
      ${batches.map((each) => each.badStreak)}::integer[],
      ${batches.map((each) => each.unreachableStreak)}::integer[])
      as batch (resource, worker_id, generation, ok, bad, slow, attempts, retries, bad_streak, unreachable_streak)
    where exists (select from watersmeet.worker where id = worker_id)
    order by resource, worker_id
    on conflict (resource, worker_id, bucket_at, generation) do update set
      ok = bucket.ok + excluded.ok, bad = bucket.bad + excluded.bad, slow = bucket.slow + excluded.slow,
      attempts = bucket.attempts + excluded.attempts, retries = bucket.retries + excluded.retries,
      bad_streak = excluded.bad_streak, unreachable_streak = excluded.unreachable_streak
    returning xmax = 0 as "isNew"`.execute(tx);
  if (!rows.some((row) => row.isNew)) return;
  await sql`
    delete from watersmeet.breaker_bucket using watersmeet.breaker
    where breaker.resource = breaker_bucket.resource and breaker_bucket.resource = any(${batches.map((each) => each.resource)}::text[])
      and breaker_bucket.worker_id = any(${batches.map((each) => each.workerId)}::bigint[])
      and bucket_at < now() - greatest(600000, coalesce((settings->>'windowMs')::double precision, 0)) * interval '1 millisecond'`.execute(
    tx,
  );
}

/** Sets a worker apart at a resource. */
export async function suspectWorker(
  tx: Transaction<LedgerDatabase>,
  suspect: {
    readonly resource: string;
    readonly workerId: string;
    readonly until: Date;
    readonly times: number;
    readonly reason: string;
  },
): Promise<void> {
  await sql`
    insert into watersmeet.breaker_suspect (resource, worker_id, until, times, reason)
    select ${suspect.resource}, id, ${suspect.until}, ${suspect.times}, ${suspect.reason} from watersmeet.worker where id = ${suspect.workerId}
    on conflict (resource, worker_id) do update set until = excluded.until, times = excluded.times, reason = excluded.reason`.execute(
    tx,
  );
}

/** When a breaker opens for all, nobody is suspected any more. */
export async function clearSuspects(tx: Transaction<LedgerDatabase>, resource: string): Promise<void> {
  await tx.deleteFrom("breaker_suspect").where("resource", "=", resource).execute();
}
