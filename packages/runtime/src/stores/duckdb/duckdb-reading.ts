import { randomBytes } from "node:crypto";
import { open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { WatersmeetError } from "@watersmeet/core/errors";
import type { Row } from "@watersmeet/core/schema";
import { fingerprint, stableJson } from "@watersmeet/core/values";
import { compileRowReader } from "../../exchange/column-decoder.ts";
import { quoteLiteral } from "../../exchange/quote.ts";
import { internalSchema, tableNames } from "../catalog/names.ts";
import { getAsset, readMeta, type CatalogAsset } from "../catalog/read-catalog.ts";
import { renderReading, type RowPlace } from "../render-reading.ts";
import { numberOf, textOf, type SqlSession } from "../sql-session.ts";
import type { ExchangeFile, InputVersions } from "../store.ts";
import type { DuckdbDatabase } from "./duckdb-database.ts";
import { duckdbDialect } from "./duckdb-dialect.ts";
import { toStoreError } from "./duckdb-error.ts";
import { createDuckdbSession, interruptible } from "./duckdb-session.ts";

/** A SELECT of pinned versions, made and run in one transaction: where a version stands changes with every commit. @throws {STORE_VERSION_UNKNOWN} */
export async function renderInput(
  session: SqlSession,
  input: InputVersions,
): Promise<{ readonly sql: string; readonly rowCount: number }> {
  const asset = await getAsset(session, input.asset.key);
  const versions = input.versions.map(({ version }) => version);
  const known = await session.run(
    `select v.version, v.row_count, h.version is not null as is_live
     from ${internalSchema}.version v
     left join ${internalSchema}.head h on h.asset_id = v.asset_id and h.partition = v.partition and h.version = v.version and h.environment = $3
     where v.asset_id = $1::integer and v.version in (select unnest($2::integer[]))`,
    [asset.assetId, versions, (await readMeta(session, "live_environment")) ?? ""],
  );
  refuseUnknownVersions(input, new Set(known.map((row) => numberOf(row, "version"))));
  const rowCount = known.reduce((sum, row) => sum + numberOf(row, "row_count"), 0);
  const places = asset.isPartitioned
    ? await placePartitions(
        session,
        asset,
        known.map((row) => ({ version: numberOf(row, "version"), isLive: textOf(row, "is_live") === "true" })),
      )
    : await placeTables(session, asset, versions);
  return { sql: renderReading(duckdbDialect, input.asset.schema, places), rowCount };
}

async function placePartitions(
  session: SqlSession,
  asset: CatalogAsset,
  versions: readonly { readonly version: number; readonly isLive: boolean }[],
): Promise<readonly RowPlace[]> {
  const columns = lowerNames(asset);
  const live = versions.filter((one) => one.isLive).map((one) => one.version);
  const hist = versions.filter((one) => !one.isLive).map((one) => one.version);
  const [count] = await session.run(
    `select count(*) as heads from ${internalSchema}.head where asset_id = $1 and environment = (select value from ${internalSchema}.meta where name = 'live_environment')`,
    [asset.assetId],
  );
  const isWhole = count !== undefined && numberOf(count, "heads") === live.length;
  return [
    ...(live.length === 0 ? [] : [{ table: tableNames.live(asset.assetId), columns, versions: isWhole ? null : live }]),
    ...(hist.length === 0 ? [] : [{ table: tableNames.hist(asset.assetId), columns, versions: hist }]),
  ];
}

async function placeTables(
  session: SqlSession,
  asset: CatalogAsset,
  versions: readonly number[],
): Promise<readonly RowPlace[]> {
  const places: RowPlace[] = [];
  for (const version of new Set(versions)) {
    const columns = await session.run(
      "select column_name from duckdb_columns() where schema_name = $1 and table_name = $2 and database_name = current_database()",
      [internalSchema, `a${asset.assetId}_v${version}`],
    );
    places.push({
      table: tableNames.version(asset.assetId, version),
      columns: new Set(columns.map((row) => textOf(row, "column_name").toLowerCase())),
      versions: null,
    });
  }
  return places;
}

function lowerNames(asset: CatalogAsset): ReadonlySet<string> {
  return new Set(asset.schema.columns.map((column) => column.name.toLowerCase()));
}

function refuseUnknownVersions(input: InputVersions, known: ReadonlySet<number>): void {
  const missing = input.versions.find(({ version }) => !known.has(version));
  if (missing === undefined) return;
  const name = missing.partition === "" ? input.asset.key : `${input.asset.key}@${missing.partition}`;
  throw new WatersmeetError("STORE_VERSION_UNKNOWN", `The store has no version ${missing.version} of ${name}`, {
    hint: "It was never committed here, or has been removed since.",
    details: { asset: input.asset.key, partition: missing.partition, version: missing.version },
  });
}

/** Streams rows with a transaction of its own: commits meanwhile change nothing of what it reads. */
export async function* streamVersions(
  database: DuckdbDatabase,
  input: InputVersions,
  options: { readonly limit?: number; readonly signal?: AbortSignal },
): AsyncGenerator<readonly Row[], void, void> {
  const pool = database.pool;
  const connection = await pool.acquire();
  let isBroken = true;
  try {
    await connection.run("begin transaction read only");
    const { sql } = await renderInput(createDuckdbSession(connection, options.signal), input);
    yield* streamQuery(
      connection,
      options.limit === undefined ? sql : `${sql} limit ${Math.max(0, Math.floor(options.limit))}`,
      input,
      options.signal,
    );
    await connection.run("commit");
    isBroken = false;
  } finally {
    pool.release(connection, isBroken);
  }
}

async function* streamQuery(
  connection: DuckDBConnection,
  sql: string,
  input: InputVersions,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly Row[], void, void> {
  const readRows = compileRowReader(input.asset.schema);
  try {
    const result = await interruptible(connection, signal, () => connection.stream(sql));
    for (;;) {
      const chunk = await interruptible(connection, signal, () => result.fetchChunk());
      if (chunk === null || chunk.rowCount === 0) return;
      yield readRows(chunk);
      await setImmediate();
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw toStoreError(error, `Reading ${input.asset.key}`);
  }
}

/** Writes pinned versions to a file named after what it holds: the same versions in the same form are written once. */
export async function exportVersions(
  database: DuckdbDatabase,
  input: InputVersions,
  directory: string,
): Promise<ExchangeFile> {
  const path = join(directory, `${nameOfExport(database.storeId, input)}.parquet`);
  return await database.pool.use(async (connection) => {
    await connection.run("begin transaction read only");
    const { sql, rowCount } = await renderInput(createDuckdbSession(connection), input);
    if (!(await exists(path))) await copyToParquet(connection, sql, path);
    await connection.run("commit");
    return { path, format: "parquet", schema: input.asset.schema, rowCount };
  });
}

export function nameOfExport(storeId: string, input: InputVersions): string {
  const versions = [...new Set(input.versions.map(({ version }) => version))].sort((a, b) => a - b);
  return fingerprint([storeId, input.asset.key, stableJson(input.asset.schema), stableJson(versions)]).slice(0, 40);
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
