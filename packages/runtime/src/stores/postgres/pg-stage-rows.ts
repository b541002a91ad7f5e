import { join } from "node:path";
import type { Check } from "@watersmeet/core/gate";
import { renderColumnNames } from "../../exchange/quote.ts";
import { internalSchema } from "../catalog/names.ts";
import type { Dialect } from "../dialect.ts";
import { measureRelation } from "../measure-relation.ts";
import type { MergeEngine, MergeStageHost } from "../merge-seam.ts";
import { readQuery, readVersions } from "../read-versions.ts";
import { toSqlValue, type SqlSession, type SqlValue } from "../sql-session.ts";
import type {
  ExchangeFile,
  Measurement,
  Staged,
  StagedMerge,
  StagedQuery,
  StageTarget,
  StoredAsset,
} from "../store.ts";
import { copyFileIn, copyToCsv } from "./pg-copy.ts";
import type { PgDatabase } from "./pg-database.ts";
import { stagingIdSetting } from "./pg-dialect.ts";
import { listRows } from "./pg-rows.ts";
import {
  dropStagings,
  findStagingRows,
  getStaging,
  listAbandoned,
  registerStaging,
  type RegisteredStaging,
} from "./pg-staging.ts";

export interface PgStagingContext {
  readonly database: PgDatabase;
  readonly dialect: Dialect;
  readonly merge: MergeEngine;
  ensure(asset: StoredAsset): Promise<number>;
}

export interface StageOptions<T> {
  readonly target: StageTarget;
  readonly rows: T;
  readonly signal: AbortSignal | undefined;
}

/** Rows of a sealed file, in one transaction. */
export async function stageFileRows(
  context: PgStagingContext,
  { target, rows, signal }: StageOptions<ExchangeFile>,
): Promise<Staged> {
  const assetId = await context.ensure(target.asset);
  return await context.database.transact(
    async (session, client) => {
      const { rows: place } = await registerStaging(session, { target, assetId, isMerge: false });
      // Rows that are copied in have no column for the attempt: the table's default takes it from here.
      await session.run("select set_config($1, $2, true)", [stagingIdSetting, String(place.stagingId ?? 0)]);
      const rowCount = await copyFileIn(client, place.table, { ...rows, schema: target.asset.schema });
      return plainStaged(target, rowCount);
    },
    { signal },
  );
}

/** Rows of a query over pinned versions, in one transaction with one snapshot. */
export async function stageQueryRows(
  context: PgStagingContext,
  { target, rows: query, signal }: StageOptions<StagedQuery>,
): Promise<Staged> {
  const assetId = await context.ensure(target.asset);
  return await context.database.transact(
    async (session) => {
      const staging = await registerStaging(session, { target, assetId, isMerge: false });
      const select = await readQuery(session, context.dialect, { query, schema: target.asset.schema });
      return plainStaged(
        target,
        await insertRows(session, staging, { select, parameters: query.parameters.map(toSqlValue) }),
      );
    },
    { mode: "isolation level repeatable read", signal },
  );
}

/** What a merge folds: see `merge-seam.ts`. */
export async function stageMergeRows(
  context: PgStagingContext,
  { target, rows: merge, signal }: StageOptions<StagedMerge>,
): Promise<Staged> {
  const { database, dialect } = context;
  const assetId = await context.ensure(target.asset);
  await database.transact((session) => context.merge.ensureTables(session, { assetId, target }));
  const staging = await database.transact((session) => registerStaging(session, { target, assetId, isMerge: true }));
  try {
    return await database.cancellable(signal, async (session) => {
      const counts = { rowCount: 0, quarantinedCount: 0 };
      const host: MergeStageHost = {
        session,
        assetId,
        target,
        stagingTable: (suffix) => staging.stagingTable(suffix),
        createStagingTable: "create unlogged table",
        renderQuery: async (query, columns) => ({
          sql: await readQuery(session, dialect, { query, schema: { columns } }),
          parameters: query.parameters.map(toSqlValue),
        }),
        renderVersions: async (input) => (await readVersions(session, dialect, input)).sql,
        async stageRows(select, parameters = []) {
          counts.rowCount = await insertRows(session, staging, { select, parameters });
          return counts.rowCount;
        },
        tip: null,
        stageChanges: () => Promise.reject(new TypeError("There is no version to differ from")),
        async stageQuarantine(select, parameters = []) {
          counts.quarantinedCount = await insertQuarantine(session, staging, { select, parameters });
          return counts.quarantinedCount;
        },
      };
      const answer = await context.merge.stage(host, merge, signal);
      return { target, ...counts, ...answer };
    });
  } catch (error) {
    await discardAttempt(context, target);
    throw error;
  }
}

export async function measureStaged(
  context: PgStagingContext,
  {
    staged,
    checks,
    signal,
  }: { readonly staged: Staged; readonly checks: readonly Check[]; readonly signal: AbortSignal | undefined },
): Promise<Measurement> {
  const { schema } = staged.target.asset;
  return await context.database.cancellable(signal, async (session, client) => {
    const source = sourceOf(await getStaging(session, staged.target));
    const readRows = (select: string) => listRows(client, select, schema);
    return await measureRelation({ dialect: context.dialect, schema, source, session, readRows }, checks);
  });
}

export async function exportStagedRows(
  context: PgStagingContext,
  staged: Staged,
  directory: string,
): Promise<ExchangeFile> {
  const path = join(directory, `staged-${staged.target.attempt}.csv`);
  const { schema } = staged.target.asset;
  return await context.database.cancellable(undefined, async (session, client) => {
    const source = sourceOf(await getStaging(session, staged.target));
    const select = `select ${renderColumnNames(schema.columns)} from ${source} as s`;
    const rowCount = await copyToCsv(client, { select, schema, path });
    return { path, format: "csv", schema, rowCount };
  });
}

export async function discardAttempt(context: PgStagingContext, target: StageTarget): Promise<void> {
  await context.database.transact(async (session) => {
    const stagings = await findStagingRows(session, [target]);
    await dropStagings(session, stagings);
    if (stagings.some((staging) => staging.isMerge))
      await context.merge.discard(session, { attempts: [target.attempt] });
  });
}

export async function discardAbandoned(context: PgStagingContext, liveAttempts: readonly string[]): Promise<number> {
  return await context.database.transact(async (session) => {
    const abandoned = await listAbandoned(session, liveAttempts);
    await dropStagings(session, abandoned);
    await context.merge.discard(session, { except: liveAttempts });
    return abandoned.length;
  });
}

interface Selection {
  readonly select: string;
  readonly parameters: readonly SqlValue[];
}

async function insertRows(session: SqlSession, staging: RegisteredStaging, rows: Selection): Promise<number> {
  const { table, stagingId, schema } = staging.rows;
  const names = renderColumnNames(schema.columns);
  const insert =
    stagingId === null
      ? `insert into ${table} (${names}) ${rows.select}`
      : `insert into ${table} (_sid, ${names}) select ${stagingId}, ${names} from (${rows.select}) as staged`;
  return await session.change(insert, rows.parameters);
}

async function insertQuarantine(session: SqlSession, staging: RegisteredStaging, rows: Selection): Promise<number> {
  const table = staging.stagingTable("reject");
  await session.run(`create unlogged table ${table} (source text, reason text, row_json text)`);
  const count = await session.change(`insert into ${table} (source, reason, row_json) ${rows.select}`, rows.parameters);
  await session.run(`update ${internalSchema}.staging set quarantined_count = $2 where attempt = $1`, [
    staging.attempt,
    count,
  ]);
  return count;
}

function plainStaged(target: StageTarget, rowCount: number): Staged {
  return { target, rowCount, quarantinedCount: 0, batches: [], fates: {} };
}

/** The relation of the attempt's rows, for a FROM clause, without an alias. */
function sourceOf(staging: RegisteredStaging): string {
  const { table, stagingId } = staging.rows;
  return stagingId === null ? table : `(select * from ${table} where _sid = ${stagingId})`;
}
