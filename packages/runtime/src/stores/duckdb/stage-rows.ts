import type { DuckDBConnection } from "@duckdb/node-api";
import type { RowSchema } from "@watersmeet/core/schema";
import { renderColumnNames } from "../../exchange/quote.ts";
import { renderFileScan } from "../../exchange/read-exchange-file.ts";
import type { MergeEngine } from "../merge-seam.ts";
import { renderQuerySelection } from "../render-reading.ts";
import type { SqlSession, SqlValue } from "../sql-session.ts";
import type { ExchangeFile, Staged, StagedMerge, StagedQuery, StageTarget } from "../store.ts";
import type { DuckdbAssets } from "./duckdb-assets.ts";
import type { DuckdbDatabase } from "./duckdb-database.ts";
import { duckdbDialect } from "./duckdb-dialect.ts";
import { renderInput } from "./duckdb-reading.ts";
import { createDuckdbSession } from "./duckdb-session.ts";
import type { StagedAttempt, StagingArea } from "./staging-area.ts";

export interface StagingContext {
  readonly database: DuckdbDatabase;
  readonly assets: DuckdbAssets;
  readonly area: StagingArea;
  readonly merge: MergeEngine;
}

/** Rows of a sealed file. */
export async function stageFileRows(
  context: StagingContext,
  target: StageTarget,
  file: ExchangeFile,
  signal?: AbortSignal,
): Promise<Staged> {
  return await stage(context, target, false, signal, async (session, staging) => {
    const rowCount = await insertRows(session, staging, renderFileScan({ ...file, schema: target.asset.schema }), []);
    return { rowCount, quarantinedCount: 0, batches: [], fates: {} };
  });
}

/** Rows of a query over pinned versions. */
export async function stageQueryRows(
  context: StagingContext,
  target: StageTarget,
  query: StagedQuery,
  signal?: AbortSignal,
): Promise<Staged> {
  return await stage(context, target, false, signal, async (session, staging) => {
    const selection = await renderQuery(session, query, target.asset.schema);
    const rowCount = await insertRows(session, staging, selection.sql, selection.parameters);
    return { rowCount, quarantinedCount: 0, batches: [], fates: {} };
  });
}

/** What a merge folds: see `merge-seam.ts`. */
export async function stageMergeRows(
  context: StagingContext,
  target: StageTarget,
  merge: StagedMerge,
  signal?: AbortSignal,
): Promise<Staged> {
  const assetId = await context.assets.ensure(target.asset);
  await context.database.pool.use((connection) =>
    context.merge.ensureTables(createDuckdbSession(connection, signal), { assetId, target }),
  );
  return await stage(context, target, true, signal, async (session, staging, connection) => {
    let rowCount = 0;
    let quarantinedCount = 0;
    const answer = await context.merge.stage(
      {
        session,
        assetId,
        target,
        stagingTable: staging.stagingTable,
        createStagingTable: "create table",
        renderQuery: (query, columns) => renderQuery(session, query, pickColumns(target.asset.schema, columns)),
        renderVersions: async (input) => (await renderInput(session, input)).sql,
        async stageRows(select, parameters = []) {
          rowCount = await insertRows(createDuckdbSession(connection, signal), staging, select, parameters);
          return rowCount;
        },
        async stageQuarantine(select, parameters = []) {
          const table = staging.stagingTable("quarantine");
          await session.run(`create or replace table ${table} (source varchar, reason varchar, row_json varchar)`);
          const [row] = await session.run(`insert into ${table} ${select}`, parameters);
          quarantinedCount = Number(row?.["Count"] ?? 0);
          staging.quarantineTable = quarantinedCount === 0 ? null : table;
          return quarantinedCount;
        },
      },
      merge,
      signal,
    );
    return { rowCount, quarantinedCount, ...answer };
  });
}

/** Makes the attempt's table, fills it and keeps it; leaves nothing when that fails. A second staging of an attempt takes the place of the first. */
async function stage(
  context: StagingContext,
  target: StageTarget,
  isMerge: boolean,
  signal: AbortSignal | undefined,
  fill: (session: SqlSession, staging: StagedAttempt, connection: DuckDBConnection) => Promise<Omit<Staged, "target">>,
): Promise<Staged> {
  const assetId = await context.assets.ensure(target.asset);
  await dropStaging(context, target.attempt);
  const staging = await context.area.begin(target, assetId, target.asset.schema, isMerge);
  try {
    const filled = await context.database.pool.use((connection) =>
      fill(createDuckdbSession(connection, signal), staging, connection),
    );
    context.area.keep(staging, filled.rowCount);
    return { target, ...filled };
  } catch (error) {
    await runAll(context.database, context.area.forget(staging, false));
    if (isMerge)
      await context.database.pool.use((connection) =>
        context.merge.discard(createDuckdbSession(connection), { attempts: [target.attempt] }),
      );
    throw error;
  }
}

export async function dropStaging(
  context: Pick<StagingContext, "area" | "database">,
  attempt: string,
): Promise<boolean> {
  const staging = context.area.find(attempt);
  if (staging === undefined) return false;
  await runAll(context.database, context.area.forget(staging, false));
  return true;
}

export async function runAll(database: DuckdbDatabase, statements: readonly string[]): Promise<void> {
  if (statements.length === 0) return;
  await database.pool.use(async (connection) => {
    const session = createDuckdbSession(connection);
    for (const statement of statements) await session.run(statement);
  });
}

async function insertRows(
  session: SqlSession,
  staging: StagedAttempt,
  select: string,
  parameters: readonly SqlValue[],
): Promise<number> {
  const { table, stagingId, schema } = staging.rows;
  const names = renderColumnNames(schema.columns);
  const sql =
    stagingId === null
      ? `insert into ${table} (${names}) ${select}`
      : `insert into ${table} (_sid, ${names}) select ${stagingId}, ${names} from (${select}) staged`;
  const [row] = await session.run(sql, parameters);
  return Number(row?.["Count"] ?? 0);
}

async function renderQuery(
  session: SqlSession,
  query: StagedQuery,
  schema: RowSchema,
): Promise<{ readonly sql: string; readonly parameters: readonly SqlValue[] }> {
  const inputs: string[] = [];
  for (const input of query.inputs) inputs.push((await renderInput(session, input)).sql);
  return {
    sql: renderQuerySelection(duckdbDialect, { sql: query.sql, inputs, schema, jsonFunction: null }),
    parameters: query.parameters.map(toSqlValue),
  };
}

function pickColumns(schema: RowSchema, names: readonly string[]): RowSchema {
  return { columns: names.flatMap((name) => schema.columns.filter((column) => column.name === name)) };
}

/** A parameter of user code's query. */
export function toSqlValue(value: unknown): SqlValue {
  if (value === undefined) return null;
  if (
    value === null ||
    typeof value === "string" ||
    typeof value === "number" ||
    typeof value === "bigint" ||
    typeof value === "boolean"
  )
    return value;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value))
    return value.map((item) =>
      typeof item === "string" || typeof item === "number" || typeof item === "bigint" || typeof item === "boolean"
        ? item
        : item === null
          ? null
          : String(item),
    );
  return JSON.stringify(value);
}
