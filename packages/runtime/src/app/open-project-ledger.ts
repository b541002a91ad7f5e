import { join } from "node:path";
import pg from "pg";
import type { Config } from "../config/config.ts";
import { openEmbeddedPostgres } from "../ledger/embedded/embedded-postgres.ts";
import { migrateLedger } from "../ledger/migrate.ts";
import { connectionSettings, openLedger, type LedgerConnections } from "../ledger/open-ledger.ts";
import type { Logger } from "../observe/logger.ts";
import { ensureDoorbell } from "../queue/doorbell.ts";

/**
 * The ledger of a project: that of its URL, or the embedded server, started when it does not run. Migrated.
 *
 * @throws {LEDGER_UNREACHABLE}
 * @throws {LEDGER_NOT_MIGRATED}
 * @throws {LEDGER_EMBEDDED_FAILED}
 */
export async function openProjectLedger(config: Config, logger: Logger): Promise<LedgerConnections> {
  await using stack = new AsyncDisposableStack();
  const url = await findUrl(config, { stack, logger });
  const connections = stack.use(await openLedger(url, { maxConnections: 10 }));
  await ensureDoorbell(connections.pool);
  const owned = stack.move();
  return { ...connections, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The same, without opening it; gives the names of the migrations that ran. */
export async function migrateLedgerOf(config: Config, logger: Logger): Promise<readonly string[]> {
  await using stack = new AsyncDisposableStack();
  const url = await findUrl(config, { stack, logger });
  const client = new pg.Client(connectionSettings(url));
  await client.connect();
  stack.defer(() => client.end());
  return await migrateLedger(client);
}

async function findUrl(
  config: Config,
  parts: { readonly stack: AsyncDisposableStack; readonly logger: Logger },
): Promise<string> {
  if (config.ledger.kind === "url") return config.ledger.url;
  const server = parts.stack.use(await openEmbeddedPostgres(config.ledger.dataDirectory));
  if (server.dataDirectory !== join(config.ledger.dataDirectory, "data")) {
    parts.logger.info(
      { dataDirectory: server.dataDirectory },
      "the embedded database lies outside the project: its user cannot reach the project's folder",
    );
  }
  return server.url;
}
