import { runMigrations } from "graphile-worker";
import { sql } from "kysely";
import type pg from "pg";
import type { LedgerDb } from "../ledger/open-ledger.ts";
import { silentLogger } from "../observe/logger.ts";
import { adaptGraphileLogger } from "./quiet-graphile.ts";

/** Schema of graphile-worker's own tables. */
export const doorbellSchema = "watersmeet_worker";

/** The one task: somebody may claim a chunk of ready steps. Its jobs say nothing else; what is ready is in `step`. */
export const chunkTask = "chunk";

/** More bells than this wake nobody who is not awake already. */
const maxBells = 8;

/** Brings graphile-worker's schema up to date. One process at a time: its own migrations may collide when a schema is new. */
export async function ensureDoorbell(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("select pg_advisory_lock(hashtextextended('watersmeet.doorbell', 0))");
    await runMigrations({ pgPool: pool, schema: doorbellSchema, logger: adaptGraphileLogger(silentLogger) });
  } finally {
    await client.query("select pg_advisory_unlock(hashtextextended('watersmeet.doorbell', 0))").catch(() => {});
    client.release();
  }
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
