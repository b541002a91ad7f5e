import { sql, type Transaction } from "kysely";
import type { LedgerDatabase } from "../../../ledger/database.ts";
import type { RunId } from "../../../ledger/records.ts";
import type { ClaimableRun } from "../list-runs.ts";

/** What may still be taken; counted down while claiming. */
export interface Limits {
  readonly byRun: Map<RunId, number>;
  readonly byResource: Map<string, number>;
}

export async function lockLimits(tx: Transaction<LedgerDatabase>, runs: readonly ClaimableRun[]): Promise<Limits> {
  const byRun = new Map<RunId, number>();
  const limited = runs.filter((run) => run.max_parallel !== null);
  if (limited.length > 0) {
    await sql`select from watersmeet.run where id = any(${limited.map((run) => run.id)}::bigint[]) order by id for update`.execute(
      tx,
    );
    for (const run of limited) byRun.set(run.id, (run.max_parallel ?? 0) - (await countRunning(tx, run.id)));
  }
  const resources = new Set(runs.flatMap((run) => run.lanes.flatMap((lane) => lane.resource ?? [])));
  const byResource = resources.size === 0 ? new Map<string, number>() : await lockResources(tx, [...resources]);
  return { byRun, byResource };
}

async function countRunning(tx: Transaction<LedgerDatabase>, runId: RunId): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from watersmeet.step where run_id = ${runId} and state = 'running'`.execute(tx);
  return rows[0]?.count ?? 0;
}

async function lockResources(tx: Transaction<LedgerDatabase>, names: readonly string[]): Promise<Map<string, number>> {
  await sql`select from watersmeet.resource where name = any(${[...names]}::text[]) order by name for no key update`.execute(
    tx,
  );
  // A statement of its own: it must see leases that were committed while the lock was waited for.
  const { rows } = await sql<{ name: string; free: number }>`
    select name, concurrency - coalesce((select sum(weight) from watersmeet.resource_lease where resource = name), 0)::int as free
    from watersmeet.resource where name = any(${[...names]}::text[])`.execute(tx);
  return new Map(rows.map((row) => [row.name, row.free]));
}
