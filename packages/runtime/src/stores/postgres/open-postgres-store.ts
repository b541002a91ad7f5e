import { randomUUID } from "node:crypto";
import { WatersmeetError } from "@watersmeet/core/errors";
import { quoteIdentifier } from "../../exchange/quote.ts";
import { internalSchema } from "../catalog/names.ts";
import { ensureMeta } from "../catalog/read-catalog.ts";
import { renderCatalog } from "../catalog/render-catalog.ts";
import type { CommitPhase } from "../commit/commit-context.ts";
import type { Dialect } from "../dialect.ts";
import type { MergeEngine } from "../merge-seam.ts";
import { numberOf } from "../sql-session.ts";
import { PgDatabase } from "./pg-database.ts";
import { createPgDialect } from "./pg-dialect.ts";
import { commitLock } from "./pg-publish.ts";
import { followStagingCatalog, renderStagingCatalog } from "./pg-staging.ts";
import { PostgresStore } from "./postgres-store.ts";

export interface OpenPostgresOptions {
  readonly name: string;
  readonly url: string;
  /** Where readers find the views. */
  readonly schema: string;
  /** Makes the merge engine for the server's SQL. */
  readonly merge: (dialect: Dialect) => MergeEngine;
  readonly now: () => number;
  readonly onPhase: (phase: CommitPhase) => void | Promise<void>;
}

/** Every commit asks for the last sequence, and looks are for those after one. A column store needs none to answer. */
const indexes = [`create index if not exists version_by_sequence on ${internalSchema}.version (sequence)`];

/** Opens the one store of a database, making it when it is not there. @throws {STORE_UNREACHABLE} */
export async function openPostgresStore(options: OpenPostgresOptions): Promise<PostgresStore> {
  const database = new PgDatabase(options.url);
  try {
    const { storeId, serverVersion } = await prepare(database, options);
    const { merge, now, onPhase } = options;
    const dialect = createPgDialect({ schema: options.schema, serverVersion });
    return new PostgresStore(
      { name: options.name, storeId },
      { database, dialect, merge: merge(dialect), now, onPhase },
    );
  } catch (error) {
    await database.end();
    throw error;
  }
}

async function prepare(
  database: PgDatabase,
  { schema }: OpenPostgresOptions,
): Promise<{ readonly storeId: string; readonly serverVersion: number }> {
  return await database.transact(async (session) => {
    await session.run(commitLock);
    for (const statement of [...renderCatalog(), ...indexes, ...renderStagingCatalog()]) await session.run(statement);
    await followStagingCatalog(session);
    await session.run(`create schema if not exists ${quoteIdentifier(schema)}`);
    await ensureMeta(session, "format_version", "1");
    const served = await ensureMeta(session, "schema", schema);
    if (served !== schema) {
      throw new WatersmeetError(
        "STORE_NAME_INVALID",
        `This database's store serves its tables in the schema "${served}", not in "${schema}"`,
        { hint: "A database holds one store: give the other one a database of its own, or the same schema." },
      );
    }
    const [version] = await session.run("select current_setting('server_version_num') as version");
    return {
      storeId: await ensureMeta(session, "store_id", randomUUID()),
      serverVersion: version === undefined ? 0 : numberOf(version, "version"),
    };
  });
}
