import { WatersmeetError } from "@watersmeet/core/errors";
import pg from "pg";
import type { Config } from "../config/config.ts";
import { openEmbeddedPostgres } from "../ledger/embedded/embedded-postgres.ts";
import { migrateLedger } from "../ledger/migrate.ts";
import { connectionSettings } from "../ledger/open-ledger.ts";

/**
 * Brings the ledger's schema to the newest version and says which migrations that took; an embedded server is started for it where none runs.
 *
 * @throws {LEDGER_UNREACHABLE}
 * @throws {LEDGER_NOT_MIGRATED} when the schema is newer than this program
 */
export async function migrateProjectLedger(config: Config): Promise<readonly string[]> {
  if (config.ledger.kind === "url") return migrateAt(config.ledger.url);
  await using server = await openEmbeddedPostgres(config.ledger.dataDirectory);
  return await migrateAt(server.url);
}

async function migrateAt(url: string): Promise<readonly string[]> {
  const client = new pg.Client(connectionSettings(url));
  await client.connect().catch((cause: unknown) => {
    throw new WatersmeetError("LEDGER_UNREACHABLE", `The ledger's database cannot be reached: ${String(cause)}`, {
      hint: "Check DATABASE_URL, or leave it out to use the embedded PostgreSQL.",
      cause,
    });
  });
  try {
    return await migrateLedger(client);
  } finally {
    await client.end();
  }
}
