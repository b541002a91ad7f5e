import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { openEmbeddedPostgres } from "../../ledger/embedded/embedded-postgres.ts";
import type { Logger } from "../../observe/logger.ts";

/** The server that holds a project's ledger, for as long as it is needed. */
export interface LedgerServer extends AsyncDisposable {
  readonly url: string;
}

/**
 * That of the configured URL, or the embedded one, started when it does not run.
 *
 * @throws {LEDGER_EMBEDDED_FAILED}
 */
export async function openLedgerServer({ ledger }: Config, logger: Logger): Promise<LedgerServer> {
  if (ledger.kind === "url") return { url: ledger.url, async [Symbol.asyncDispose]() {} };
  const server = await openEmbeddedPostgres(ledger.dataDirectory);
  if (server.dataDirectory !== join(ledger.dataDirectory, "data")) {
    logger.info(
      { dataDirectory: server.dataDirectory },
      "the embedded database lies outside the project: its user cannot reach the project's folder",
    );
  }
  return server;
}
