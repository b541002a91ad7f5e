import type { Config } from "../../config/config.ts";
import { silentLogger, type Logger } from "../../observe/logger.ts";

/** Brings the schema of a project's ledger up to date; gives the names of the migrations that ran. */
export async function migrateProjectLedger(config: Config, logger: Logger = silentLogger): Promise<readonly string[]> {
  const { openLedgerServer } = await import("./open-ledger-server.ts");
  const { migrateLedgerOf } = await import("./open-project-ledger.ts");
  return await migrateLedgerOf(openLedgerServer(config, logger));
}
