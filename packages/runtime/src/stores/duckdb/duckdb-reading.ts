import { randomBytes } from "node:crypto";
import { open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Row, RowSchema } from "@watersmeet/core/schema";
import { compileRowReader } from "../../exchange/column-decoder.ts";
import { quoteLiteral } from "../../exchange/quote.ts";
import { requireAllRows } from "../../exchange/require-all-rows.ts";
import type { ExchangeFile, InputVersions } from "../port/staging.ts";
import { nameExport, readVersions } from "../read-versions.ts";
import type { DuckdbDatabase } from "./duckdb-database.ts";
import { duckdbDialect } from "./duckdb-dialect.ts";
import { toStoreError } from "./duckdb-error.ts";
import { interruptible, joinDuckdbTransaction } from "./duckdb-session.ts";

export interface ReadOptions {
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

/** Streams rows with a transaction of its own: commits meanwhile change nothing of what it reads. */
export async function* streamVersions(
  database: DuckdbDatabase,
  input: InputVersions,
  { limit, signal }: ReadOptions,
): AsyncGenerator<readonly Row[], void, void> {
  const pool = database.pool;
  const connection = await pool.acquire();
  let isBroken = true;
  try {
    await connection.run("begin transaction read only");
    const { sql, rowCount } = await readVersions(joinDuckdbTransaction(connection, signal), duckdbDialect, input);
    const most = limit === undefined ? rowCount : Math.min(rowCount, Math.max(0, Math.floor(limit)));
    const limited = limit === undefined ? sql : `${sql} limit ${most}`;
    const query = { sql: limited, schema: input.asset.schema, rowCount: most, of: input.asset.key };
    yield* streamQuery(connection, query, signal);
    await connection.run("commit");
    isBroken = false;
  } finally {
    // A reader that stops early leaves its transaction open: the connection goes with it.
    pool.release(connection, isBroken);
  }
}

interface CountedQuery {
  readonly sql: string;
  readonly schema: RowSchema;
  readonly rowCount: number;
  /** Names the rows in an error. */
  readonly of: string;
}

async function* streamQuery(
  connection: DuckDBConnection,
  { sql, schema, rowCount: expected, of }: CountedQuery,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly Row[], void, void> {
  const readRows = compileRowReader(schema);
  let rowCount = 0;
  try {
    const result = await interruptible(connection, signal, () => connection.stream(sql));
    for (;;) {
      const chunk = await interruptible(connection, signal, () => result.fetchChunk());
      if (chunk === null || chunk.rowCount === 0) break;
      rowCount += chunk.rowCount;
      yield readRows(chunk);
      await setImmediate();
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw toStoreError(error, "Reading rows");
  }
  requireAllRows({ rowCount, expected, of });
}

/** The rows of a small result. */
export async function fetchRows(connection: DuckDBConnection, sql: string, schema: RowSchema): Promise<readonly Row[]> {
  const readRows = compileRowReader(schema);
  try {
    const chunks = await (await connection.run(sql)).fetchAllChunks();
    return chunks.flatMap((chunk) => readRows(chunk));
  } catch (error) {
    throw toStoreError(error, "Reading rows");
  }
}

/** Writes pinned versions to a file named after what it holds: the same versions in the same form are written once. */
export async function exportVersions(
  database: DuckdbDatabase,
  input: InputVersions,
  directory: string,
): Promise<ExchangeFile> {
  const path = join(directory, `${nameExport(database.storeId, input)}.parquet`);
  return await database.pool.use(async (connection) => {
    await connection.run("begin transaction read only");
    const { sql, rowCount } = await readVersions(joinDuckdbTransaction(connection), duckdbDialect, input);
    if (!(await exists(path))) await copyToParquet(connection, sql, path);
    await connection.run("commit");
    return { path, format: "parquet", schema: input.asset.schema, rowCount };
  });
}

/** Complete or not there: written under a name of its own, flushed, renamed. */
export async function copyToParquet(connection: DuckDBConnection, sql: string, path: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await connection.run(`copy (${sql}) to ${quoteLiteral(temporary)} (format parquet, compression lz4)`);
    await using handle = await open(temporary, "r");
    await handle.sync();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw toStoreError(error, `Writing ${path}`);
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
