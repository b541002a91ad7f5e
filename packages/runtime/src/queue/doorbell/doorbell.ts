import { sql } from "kysely";
import type pg from "pg";
import type { LedgerDb } from "../../ledger/open-ledger.ts";

/** Schema of graphile-worker's own tables. */
export const doorbellSchema = "watersmeet_worker";

/** The one task: somebody may claim a chunk of ready steps. Its jobs say nothing else; what is ready is in `step`. */
export const chunkTask = "chunk";

/** More bells than this wake nobody who is not awake already. */
const maxBells = 8;

/**
 * Makes what rings, unless it is there. A schema of an older graphile-worker rings as well: that is brought up to date by the first worker,
 * which has the library loaded anyway.
 */
export async function ensureDoorbell(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ rings: boolean }>(
    `select exists(select from pg_catalog.pg_proc where proname = 'add_jobs' and pronamespace = to_regnamespace($1)) as rings`,
    [doorbellSchema],
  );
  if (rows[0]?.rings === true) return;
  const { migrateDoorbell } = await import("./migrate-doorbell.ts");
  await migrateDoorbell(pool, doorbellSchema);
}

/**
 * Tells workers that so many chunks of steps are ready. A statement of its own, after the commit that made them ready: it holds a NOTIFY, and Postgres lets
 * transactions with one commit only in turn. A bell that is lost is rung again by the sweep of any worker; one that rings twice finds nothing to do.
 */
export async function ringDoorbell(db: LedgerDb, chunks: number): Promise<void> {
  const bells = Math.min(chunks, maxBells);
  if (bells <= 0) return;
  const spec = JSON.stringify({ identifier: chunkTask, payload: {}, max_attempts: 3 });
  await sql`
    select from ${sql.ref(doorbellSchema)}.add_jobs(array(
      select json_populate_record(null::${sql.ref(doorbellSchema)}.job_spec, ${spec}::json) from generate_series(1, ${bells}::integer)))`.execute(
    db,
  );
}
