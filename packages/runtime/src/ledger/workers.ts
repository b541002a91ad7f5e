import { sql } from "kysely";
import type { Ledger } from "./ledger.ts";
import type { LedgerDb } from "./open-ledger.ts";

/** Workers that the ledger knows, oldest first. One that died is here until the next sweep. */
export async function listWorkers(db: LedgerDb): ReturnType<Ledger["listWorkers"]> {
  const { rows } = await sql<Awaited<ReturnType<Ledger["listWorkers"]>>[number]>`
    select id, host, pid, started_at as "startedAt", beat_at as "beatAt",
      (select count(*)::integer from watersmeet.step where state = 'running' and worker_id = worker.id) as running
    from watersmeet.worker order by id`.execute(db);
  return rows;
}

/** Whether a worker has beaten within the last seconds. */
export async function hasLiveWorker(db: LedgerDb): Promise<boolean> {
  const { rows } = await sql<{ lives: boolean }>`
    select exists (select from watersmeet.worker where beat_at > now() - interval '2 seconds') as lives`.execute(db);
  return rows[0]?.lives === true;
}
