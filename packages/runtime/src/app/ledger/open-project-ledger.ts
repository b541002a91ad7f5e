import pg from "pg";
import { migrateLedger } from "../../ledger/migrate.ts";
import { connectionSettings, openLedger, type LedgerConnections } from "../../ledger/open-ledger.ts";
import { ensureDoorbell } from "../../queue/doorbell/doorbell.ts";
import type { LedgerServer } from "./open-ledger-server.ts";

/**
 * The ledger of a project, migrated. Closing it gives up the server.
 *
 * @throws {LEDGER_UNREACHABLE}
 * @throws {LEDGER_NOT_MIGRATED}
 * @throws {LEDGER_EMBEDDED_FAILED}
 */
export async function openProjectLedger(starting: Promise<LedgerServer>): Promise<LedgerConnections> {
  await using stack = new AsyncDisposableStack();
  const { url } = stack.use(await starting);
  const connections = stack.use(await openLedger(url, { maxConnections: 10 }));
  await ensureDoorbell(connections.pool);
  const owned = stack.move();
  return { ...connections, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The same, without opening it; gives the names of the migrations that ran. */
export async function migrateLedgerOf(starting: Promise<LedgerServer>): Promise<readonly string[]> {
  await using server = await starting;
  const client = new pg.Client(connectionSettings(server.url));
  await client.connect();
  try {
    return await migrateLedger(client);
  } finally {
    await client.end();
  }
}
