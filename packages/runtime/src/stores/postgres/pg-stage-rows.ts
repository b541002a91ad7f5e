import type pg from "pg";
import { renderColumnNames } from "../../exchange/quote.ts";
import { internalSchema } from "../catalog/names.ts";
import type { Dialect } from "../dialect.ts";
import type { MergeEngine, MergeStageHost, StagedChanges } from "../merge-seam.ts";
import type { StagedMerge } from "../port/staged-merge.ts";
import type { ExchangeFile, StagedQuery, StageTarget, StoredAsset } from "../port/staging.ts";
import { readQueries, readQuery, readVersions } from "../read-versions.ts";
import { toSqlValue, type SqlSession, type SqlValue } from "../sql-session.ts";
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
import type { StampedStaging } from "../stamped/stamped-staging.ts";
import type { Staged, VersionDifference } from "../store.ts";
import { copyFileIn, copyToCsv } from "./pg-copy.ts";
import type { PgDatabase } from "./pg-database.ts";
import { renderPgColumns, stagingIdSetting } from "./pg-dialect.ts";
import {
  dropStagings,
  findStagingRows,
  listAbandoned,
  registerStaging,
  updateStamped,
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
  { target, rows: file, signal }: StageOptions<ExchangeFile>,
): Promise<Staged> {
  const assetId = await context.ensure(target.asset);
  const { schema } = target.asset;
  return await context.database.transact(
    async (session, client) => {
      const staging = await begin(session, context, { target, assetId, isMerge: false });
      if (staging.stamped !== null) {
        const table = staging.stagingTable("file");
        await session.run(`create unlogged table ${table} (${renderPgColumns(schema)})`);
        await copyFileIn(client, table, { ...file, schema });
        const counts = await insertRows(session, staging, wholeChange(`select * from ${table}`));
        await session.run(`drop table ${table}`);
        return plainStaged(target, counts);
      }
      // Rows that are copied in have no column for the attempt: the table's default takes it from here.
      const { table, stagingId } = staging.rows;
      await session.run("select set_config($1, $2, true)", [stagingIdSetting, String(stagingId ?? 0)]);
      return plainStaged(target, { rowCount: await copyFileIn(client, table, { ...file, schema }) });
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
      const staging = await begin(session, context, { target, assetId, isMerge: false });
      const select = await readQuery(session, context.dialect, { query, schema: target.asset.schema });
      const change = wholeChange(select, query.parameters.map(toSqlValue));
      return plainStaged(target, await insertRows(session, staging, change));
    },
    { mode: "isolation level repeatable read", signal },
  );
}

/** What a merge folds: see `merge-seam.ts`. */
export async function stageMergeRows(
  context: PgStagingContext,
  { target, rows: merge, signal }: StageOptions<StagedMerge>,
): Promise<Staged> {
  const { database } = context;
  const assetId = await context.ensure(target.asset);
  await database.transact((session) => context.merge.ensureTables(session, { assetId, target }));
  const staging = await database.transact((session) => begin(session, context, { target, assetId, isMerge: true }));
  try {
    return await database.cancellable(signal, async (session, client) => {
      const counts: StagedCounts = { rowCount: 0, quarantinedCount: 0 };
      const host = makeHost(context, { session, client, staging, target, merge, counts });
      const answer = await context.merge.stage(host, merge, signal);
      return { target, ...counts, ...answer };
    });
  } catch (error) {
    await discardAttempt(context, target);
    throw error;
  }
}

/** The part of `Staged` that rows decide. */
interface StagedCounts {
  rowCount: number;
  quarantinedCount: number;
  difference?: VersionDifference | null;
}

interface Hosting {
  readonly session: SqlSession;
  readonly client: pg.ClientBase;
  readonly staging: BegunStaging;
  readonly target: StageTarget;
  readonly merge: StagedMerge;
  /** Filled in as rows are staged. */
  readonly counts: StagedCounts;
}

function makeHost(
  { dialect }: PgStagingContext,
  { session, client, staging, target, merge, counts }: Hosting,
): MergeStageHost {
  const key = keyOfPolicy(merge.policy, target.asset.schema, staging.start);
  const insert = async (change: StampedChange) => {
    const { staging: stamped, ...staged } = await insertRows(session, staging, change);
    Object.assign(counts, staged);
    return stamped;
  };
  const difference = async (change: StampedChange): Promise<StagedChanges> => {
    const { openedRows = counts.rowCount, closedRows = 0 } = (await insert(change)) ?? {};
    return { rowCount: counts.rowCount, openedRows, closedRows };
  };
  return {
    session,
    assetId: staging.assetId,
    target,
    stagingTable: (suffix) => staging.stagingTable(suffix),
    createStagingTable: "create unlogged table",
    async renderQueries(queries, columns) {
      const selects = await readQueries(session, dialect, { queries, schema: { columns } });
      return queries.map((query, index) => ({
        sql: selects[index] ?? "",
        parameters: query.parameters.map(toSqlValue),
      }));
    },
    renderVersions: async (input) => (await readVersions(session, dialect, input)).sql,
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
      const file = `${path}.csv`;
      return { path: file, format: "csv", schema, rowCount: await copyToCsv(client, { select, schema, path: file }) };
    },
    async importRows(table, file) {
      await session.run(`create unlogged table ${table} (${renderPgColumns(file.schema)})`);
      await copyFileIn(client, table, file);
    },
    async stageQuarantine(select, parameters = []) {
      counts.quarantinedCount = await insertQuarantine(session, staging, { select, parameters });
      return counts.quarantinedCount;
    },
  };
}

export async function discardAttempt(context: PgStagingContext, target: StageTarget): Promise<void> {
  await context.database.transact(async (session) => {
    const stagings = await findStagingRows(session, [target]);
    await dropStagings(session, stagings);
    if (stagings.some((staging) => staging.isMerge))
      await context.merge.discard(session, { attempts: [target.attempt] });
  });
}

export async function listStaged(context: PgStagingContext): Promise<readonly string[]> {
  return await context.database.transact(async (session) => {
    const stagings = await listAbandoned(session, []);
    return stagings.map((staging) => staging.attempt);
  });
}

export async function discardAttempts(context: PgStagingContext, attempts: readonly string[]): Promise<number> {
  return await context.database.transact(async (session) => {
    const stagings = (await listAbandoned(session, [])).filter((staging) => attempts.includes(staging.attempt));
    await dropStagings(session, stagings);
    await context.merge.discard(session, { attempts });
    return stagings.length;
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

/** A registered staging, and for a stamped asset where the partition stands. */
interface BegunStaging extends RegisteredStaging {
  readonly start: StampedStart | null;
  readonly dialect: Dialect;
}

async function begin(
  session: SqlSession,
  { dialect }: PgStagingContext,
  { target, assetId, isMerge }: { readonly target: StageTarget; readonly assetId: number; readonly isMerge: boolean },
): Promise<BegunStaging> {
  const { isPartitioned, isStamped } = target.asset;
  const asset = { assetId, isPartitioned };
  const start = isStamped === true ? await startStamped(session, dialect, { target, asset }) : null;
  return { ...(await registerStaging(session, { target, assetId, dialect, isMerge, start })), start, dialect };
}

async function insertRows(
  session: SqlSession,
  staging: BegunStaging,
  change: StampedChange,
): Promise<Pick<Staged, "rowCount" | "difference"> & { readonly staging?: StampedStaging }> {
  const { dialect, rows, start } = staging;
  if (start !== null) {
    const version = await stageVersion(session, { dialect, rows, start }, change);
    await updateStamped(session, staging, version.staging);
    return version;
  }
  if (change.keys !== null) throw new TypeError("Only a stamped asset has versions that differ from others");
  const { table, stagingId, schema } = rows;
  const names = renderColumnNames(schema.columns);
  const insert =
    stagingId === null
      ? `insert into ${table} (${names}) ${change.rows}`
      : `insert into ${table} (_sid, ${names}) select ${stagingId}, ${names} from (${change.rows}) as staged`;
  return { rowCount: await session.change(insert, change.parameters) };
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

function plainStaged(target: StageTarget, { rowCount, difference }: Omit<StagedCounts, "quarantinedCount">): Staged {
  const counts = difference === undefined ? { rowCount } : { rowCount, difference };
  return { target, ...counts, quarantinedCount: 0, batches: [], fates: {} };
}
