import { loadConfig } from "../config/load-config.ts";
import { createLogger } from "../observe/logger.ts";
import type { OpenOptions } from "./compose.ts";
import type { Watersmeet } from "./watersmeet.ts";

/**
 * Opens a project for a face: its configuration, its ledger (starting the embedded database where needed), its code. Stores are opened when they are needed.
 * The libraries of the database are loaded here, and not by those who only derive a project.
 *
 * @throws {CONFIG_NOT_FOUND} @throws {CONFIG_INVALID}
 * @throws {LEDGER_UNREACHABLE} @throws {LEDGER_NOT_MIGRATED} @throws {LEDGER_EMBEDDED_FAILED}
 */
export async function openWatersmeet(options: OpenOptions): Promise<Watersmeet> {
  const config = await loadConfig(options);
  const logger = options.logger ?? createLogger("warn");
  const { openLedgerServer } = await import("./ledger/open-ledger-server.ts");
  // The database takes longest to start, so it comes first.
  const starting = openLedgerServer(config, logger);
  // `compose` tells of a failure; until it is there to do so, nobody listens.
  starting.catch(() => {});
  const { compose } = await import("./compose.ts");
  return await compose(options, { config, logger, starting });
}
