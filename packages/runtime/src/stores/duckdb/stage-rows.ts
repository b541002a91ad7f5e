import type { DuckDBConnection } from "@duckdb/node-api";
import { quoteLiteral, renderColumnNames } from "../../exchange/quote.ts";
import { renderFileScan } from "../../exchange/read-exchange-file.ts";
import type { MergeEngine, MergeStageHost, StagedChanges } from "../merge-seam.ts";
import type { StagedMerge } from "../port/staged-merge.ts";
import type { ExchangeFile, StagedQuery, StageTarget } from "../port/staging.ts";
import { readQueries, readQuery, readVersions } from "../read-versions.ts";
import { numberOf, toSqlValue, type SqlSession, type SqlValue } from "../sql-session.ts";
import type { StampedChange } from "../stamped/stage-changes.ts";
import {
  describeTip,
  earlierChange,
  keyOfPolicy,
  stageVersion,
  startStamped,
  wholeChange,
  type StampedStart,
} from "../stamped/stage-version.ts";
import type { Staged, VersionDifference } from "../store.ts";
import type { DuckdbAssets } from "./duckdb-assets.ts";
import type { DuckdbDatabase } from "./duckdb-database.ts";
import { duckdbDialect } from "./duckdb-dialect.ts";
import { copyToParquet } from "./duckdb-reading.ts";
import { createDuckdbSession } from "./duckdb-session.ts";
import type { StagedAttempt, StagingArea } from "./staging-area.ts";

export interface StagingContext {
  readonly database: DuckdbDatabase;
  readonly assets: DuckdbAssets;
  readonly area: StagingArea;
  readonly merge: MergeEngine;
}

/** What is staged, where, and until when. */
export interface StageOptions<T> {
  readonly target: StageTarget;
  readonly rows: T;
  readonly signal: AbortSignal | undefined;
}

/** Rows of a sealed file. */
export async function stageFileRows(context: StagingContext, options: StageOptions<ExchangeFile>): Promise<Staged> {
  return await stage(context, { ...options, isMerge: false }, async (session, staging) => {
    const file = { ...options.rows, schema: options.target.asset.schema };
    return plainStaged(await insertRows(session, staging, wholeChange(renderFileScan(file))));
  });
}

/** Rows of a query over pinned versions. */
export async function stageQueryRows(context: StagingContext, options: StageOptions<StagedQuery>): Promise<Staged> {
  const { target, rows: query } = options;
  return await stage(context, { ...options, isMerge: false }, async (session, staging) => {
    const select = await readQuery(session, duckdbDialect, { query, schema: target.asset.schema });
    return plainStaged(await insertRows(session, staging, wholeChange(select, query.parameters.map(toSqlValue))));
  });
}

/** What a merge folds: see `merge-seam.ts`. */
export async function stageMergeRows(context: StagingContext, options: StageOptions<StagedMerge>): Promise<Staged> {
  const { target, rows: merge, signal } = options;
  const assetId = await context.assets.ensure(target.asset);
  await context.database.pool.use((connection) =>
    context.merge.ensureTables(createDuckdbSession(connection, signal), { assetId, target }),
  );
  return await stage(context, { ...options, isMerge: true }, async (session, staging, connection) => {
    const counts: StagedCounts = { rowCount: 0, quarantinedCount: 0 };
    const key = keyOfPolicy(merge.policy, target.asset.schema, staging.start);
    const insert = async (change: StampedChange) => {
      Object.assign(counts, await insertRows(session, staging, change));
      return staging.stamped;
    };
    const difference = async (change: StampedChange): Promise<StagedChanges> => {
      const { openedRows = counts.rowCount, closedRows = 0 } = (await insert(change)) ?? {};
      return { rowCount: counts.rowCount, openedRows, closedRows };
    };
    const host: MergeStageHost = {
      session,
      assetId,
      target,
      stagingTable: (suffix) => staging.stagingTable(suffix),
      createStagingTable: "create table",
      async renderQueries(queries, columns) {
        const selects = await readQueries(session, duckdbDialect, { queries, schema: { columns } });
        return queries.map((query, index) => ({
          sql: selects[index] ?? "",
          parameters: query.parameters.map(toSqlValue),
        }));
      },
      renderVersions: async (input) => (await readVersions(session, duckdbDialect, input)).sql,
      async stageRows(rows, parameters = []) {
        await insert({ rows, parameters, keys: null, key });
        return counts.rowCount;
      },
      tip: staging.start === null ? null : describeTip(staging.start, target.asset.schema),
      stageChanges: ({ rows, parameters = [], keys }) => difference({ rows, parameters, keys, key }),
      async stageEarlier(earlier) {
        if (staging.start === null) throw new TypeError("Only a stamped asset has earlier versions in its tip's table");
        const { schema } = target.asset;
        return await difference(earlierChange(staging.start, { ...earlier, schema, key }));
      },
      async exportRows({ select, schema, path }) {
        const file = `${path}.parquet`;
        await copyToParquet(connection, select, file);
        const [row] = await session.run(`select count(*) as count from read_parquet(${quoteLiteral(file)})`);
        return { path: file, format: "parquet", schema, rowCount: row === undefined ? 0 : numberOf(row, "count") };
      },
      async importRows(table, file) {
        await session.run(`create table ${table} as ${renderFileScan(file)}`);
      },
      async stageQuarantine(select, parameters = []) {
        counts.quarantinedCount = await insertQuarantine(session, staging, { select, parameters });
        return counts.quarantinedCount;
      },
    };
    const answer = await context.database.holdRowIds(() => context.merge.stage(host, merge, signal));
    return { ...counts, ...answer };
  });
}

/** The part of `Staged` that rows decide. */
interface StagedCounts {
  rowCount: number;
  quarantinedCount: number;
  difference?: VersionDifference | null;
}

function plainStaged(counts: Pick<Staged, "rowCount" | "difference">): Omit<Staged, "target"> {
  return { ...counts, quarantinedCount: 0, batches: [], fates: {} };
}

/** Makes the attempt's table, fills it and keeps it; leaves nothing when that fails. A second staging of an attempt takes the place of the first. */
async function stage(
  context: StagingContext,
  { target, signal, isMerge }: Omit<StageOptions<unknown>, "rows"> & { readonly isMerge: boolean },
  fill: (session: SqlSession, staging: StagedAttempt, connection: DuckDBConnection) => Promise<Omit<Staged, "target">>,
): Promise<Staged> {
  const assetId = await context.assets.ensure(target.asset);
  await dropStaging(context, target.attempt);
  const start = await findStart(context, { target, assetId });
  const staging = await context.area.begin({ target, assetId, isMerge, start });
  try {
    const filled = await context.database.pool.use((connection) =>
      fill(createDuckdbSession(connection, signal), staging, connection),
    );
    context.area.keep(staging, filled.rowCount);
    return { target, ...filled };
  } catch (error) {
    await runAll(context.database, context.area.forget([staging]));
    if (isMerge) {
      await context.database.pool.use((connection) =>
        context.merge.discard(createDuckdbSession(connection), { attempts: [target.attempt] }),
      );
    }
    throw error;
  }
}

export async function dropStaging(
  { area, database }: Pick<StagingContext, "area" | "database">,
  attempt: string,
): Promise<boolean> {
  const staging = area.find(attempt);
  if (staging === undefined) return false;
  await runAll(database, area.forget([staging]));
  return true;
}

export async function runAll(database: DuckdbDatabase, statements: readonly string[]): Promise<void> {
  if (statements.length === 0) return;
  await database.pool.use(async (connection) => {
    const session = createDuckdbSession(connection);
    for (const statement of statements) await session.run(statement);
  });
}

/** Where the partition of a stamped asset stands; `null`: the asset is none. */
async function findStart(
  { database }: StagingContext,
  { target, assetId }: { readonly target: StageTarget; readonly assetId: number },
): Promise<StampedStart | null> {
  const { isPartitioned, isStamped } = target.asset;
  if (isStamped !== true) return null;
  const asset = { assetId, isPartitioned };
  return await database.pool.use((connection) =>
    startStamped(createDuckdbSession(connection), duckdbDialect, { target, asset }),
  );
}

async function insertRows(
  session: SqlSession,
  staging: StagedAttempt,
  change: StampedChange,
): Promise<Pick<Staged, "rowCount" | "difference">> {
  const { rows, start } = staging;
  if (start !== null) {
    const version = await stageVersion(session, { dialect: duckdbDialect, rows, start }, change);
    staging.stamped = version.staging;
    return { rowCount: version.rowCount, difference: version.difference };
  }
  if (change.keys !== null) throw new TypeError("Only a stamped asset has versions that differ from others");
  const { table, stagingId, schema } = rows;
  const names = renderColumnNames(schema.columns);
  const sql =
    stagingId === null
      ? `insert into ${table} (${names}) ${change.rows}`
      : `insert into ${table} (_sid, ${names}) select ${stagingId}, ${names} from (${change.rows}) as staged`;
  return { rowCount: await session.change(sql, change.parameters) };
}

interface Selection {
  readonly select: string;
  readonly parameters?: readonly SqlValue[];
}

async function insertQuarantine(session: SqlSession, staging: StagedAttempt, rows: Selection): Promise<number> {
  const table = staging.stagingTable("reject");
  await session.run(`create or replace table ${table} (source varchar, reason varchar, row_json varchar)`);
  const count = await session.change(`insert into ${table} ${rows.select}`, rows.parameters ?? []);
  staging.quarantineTable = count === 0 ? null : table;
  return count;
}
