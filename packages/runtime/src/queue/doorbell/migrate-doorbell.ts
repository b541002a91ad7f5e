import { runMigrations } from "graphile-worker";
import type pg from "pg";
import { silentLogger } from "../../observe/logger.ts";
import { adaptGraphileLogger } from "./quiet-graphile.ts";

/** Brings graphile-worker's schema up to date. One process at a time: its own migrations may collide when a schema is new. */
export async function migrateDoorbell(pool: pg.Pool, schema: string): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("select pg_advisory_lock(hashtextextended('watersmeet.doorbell', 0))");
    await runMigrations({ pgPool: pool, schema, logger: adaptGraphileLogger(silentLogger) });
  } finally {
    await client.query("select pg_advisory_unlock(hashtextextended('watersmeet.doorbell', 0))").catch(() => {});
    client.release();
  }
}
