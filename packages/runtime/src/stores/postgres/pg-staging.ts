import { WatersmeetError } from "@watersmeet/core/errors";
import { quoteIdentifier } from "../../exchange/quote.ts";
import { internalSchema, tableNames } from "../catalog/names.ts";
import type { Staging } from "../commit/commit-context.ts";
import type { Dialect } from "../dialect.ts";
import type { StoredAsset, StageTarget } from "../port/staging.ts";
import { numberOf, textOf, type SqlRow, type SqlSession } from "../sql-session.ts";
import { emptyStaging, type StampedStart } from "../stamped/stage-version.ts";
import type { StampedStaging } from "../stamped/stamped-staging.ts";
import { renderCreateStamped } from "../stamped/stamped-table.ts";
import { changesTableOf, renderPgColumns, stagingTableOf } from "./pg-dialect.ts";

/** The register of what attempts have staged: any process finds there what is to be published, or dropped. */
export function renderStagingCatalog(): readonly string[] {
  return [
    `create table if not exists ${internalSchema}.staging (staging_id integer generated always as identity primary key, attempt text not null unique, asset_id integer not null, is_partitioned boolean not null, is_merge boolean not null, quarantined_count bigint not null default 0, stamped varchar, created_at timestamptz not null default now())`,
  ];
}

/** A store made by an earlier release has the register without what it says of stamped assets. */
export async function followStagingCatalog(session: SqlSession): Promise<void> {
  const found = await session.run(
    "select 1 as one from information_schema.columns where table_schema = $1 and table_name = 'staging' and column_name = 'stamped'",
    [internalSchema],
  );
  if (found.length === 0) await session.run(`alter table ${internalSchema}.staging add column stamped varchar`);
}

export interface RegisteredStaging extends Staging {
  readonly stagingId: number;
  readonly attempt: string;
  readonly assetId: number;
}

/** Quoted name of a table of an attempt beside its rows. `$` is in no attempt's name. */
export function extraTable(attempt: string, suffix: string): string {
  return `${internalSchema}.${quoteIdentifier(`m_${attempt}$${suffix}`)}`;
}

export interface RegisterOptions {
  readonly target: StageTarget;
  readonly assetId: number;
  readonly dialect: Dialect;
  readonly isMerge: boolean;
  /** Of a stamped asset. */
  readonly start: StampedStart | null;
}

/** Registers an attempt, in the place of an earlier staging of it, and makes its table where it has one of its own. */
export async function registerStaging(
  session: SqlSession,
  { target, assetId, dialect, isMerge, start }: RegisterOptions,
): Promise<RegisteredStaging> {
  await dropStagings(session, await findStagingRows(session, [target]));
  const [row] = await session.run(
    `insert into ${internalSchema}.staging (attempt, asset_id, is_partitioned, is_merge, stamped) values ($1, $2, $3, $4, $5) returning *`,
    [
      target.attempt,
      assetId,
      target.asset.isPartitioned,
      isMerge,
      start === null ? null : renderFacts(changesTableOf(assetId, target.asset.schema), emptyStaging(start)),
    ],
  );
  if (row === undefined) throw new TypeError("An INSERT with RETURNING answers its row");
  const staging = readStaging(row, target.asset);
  const { stagingId, table, schema } = staging.rows;
  // The table of its own changes is made from them.
  if (stagingId === null && staging.stamped?.form !== "ownChanges") {
    await session.run(
      staging.stamped === null
        ? `create table ${table} (${renderPgColumns(schema)})`
        : renderCreateStamped(dialect, { table, schema, isShared: false }),
    );
  }
  return staging;
}

/** Keeps what staging or measuring found out about a stamped version. */
export async function updateStamped(
  session: SqlSession,
  staging: RegisteredStaging,
  stamped: StampedStaging,
): Promise<void> {
  await session.run(`update ${internalSchema}.staging set stamped = $2 where attempt = $1`, [
    staging.attempt,
    renderFacts(staging.rows.table, stamped),
  ]);
}

/** What the register says of a stamped asset's staging. The table of its changes depends on the schema, which the register has not. */
interface StampedFacts {
  readonly changesTable: string;
  readonly staging: StampedStaging;
}

function renderFacts(changesTable: string, staging: StampedStaging): string {
  return JSON.stringify({ changesTable, staging } satisfies StampedFacts);
}

/** What the targets' attempts have staged, if they have. */
export async function findStagingRows(
  session: SqlSession,
  targets: readonly Pick<StageTarget, "attempt" | "asset">[],
): Promise<readonly RegisteredStaging[]> {
  if (targets.length === 0) return [];
  const assets = new Map(targets.map((target) => [target.attempt, target.asset]));
  const rows = await session.run(`select * from ${internalSchema}.staging where attempt = any ($1::text[])`, [
    [...assets.keys()],
  ]);
  return rows.flatMap((row) => {
    const asset = assets.get(textOf(row, "attempt"));
    return asset === undefined ? [] : [readStaging(row, asset)];
  });
}

/** @throws {STORE_STAGING_GONE} */
export async function getStaging(session: SqlSession, target: StageTarget): Promise<RegisteredStaging> {
  const [staging] = await findStagingRows(session, [target]);
  if (staging !== undefined) return staging;
  throw new WatersmeetError(
    "STORE_STAGING_GONE",
    `What attempt ${target.attempt} staged is not in the store any more`,
    {
      hint: "It was discarded. Run the step again.",
    },
  );
}

function readStaging(row: SqlRow, asset: Pick<StoredAsset, "schema">): RegisteredStaging {
  const attempt = textOf(row, "attempt");
  const assetId = numberOf(row, "asset_id");
  const stagingId = numberOf(row, "staging_id");
  const facts: StampedFacts | null = JSON.parse(row["stamped"] ?? "null");
  const isShared = facts === null ? textOf(row, "is_partitioned") === "true" : facts.staging.form === "changes";
  return {
    attempt,
    assetId,
    stagingId,
    rows: {
      table: isShared ? (facts?.changesTable ?? stagingTableOf(assetId)) : tableNames.staged(attempt),
      stagingId: isShared ? stagingId : null,
      schema: asset.schema,
    },
    quarantineTable: numberOf(row, "quarantined_count") === 0 ? null : extraTable(attempt, "reject"),
    isMerge: textOf(row, "is_merge") === "true",
    stagingTable: (suffix) => extraTable(attempt, suffix),
    stamped: facts?.staging ?? null,
  };
}

/** Attempts that are registered and not in the list. */
export async function listAbandoned(
  session: SqlSession,
  liveAttempts: readonly string[],
): Promise<readonly RegisteredStaging[]> {
  const rows = await session.run(
    `select * from ${internalSchema}.staging where attempt <> all ($1::text[]) order by staging_id`,
    [liveAttempts],
  );
  return rows.map((row) => readStaging(row, { schema: { columns: [] } }));
}

/** Takes stagings away, with everything that stands under their attempts' names. A published table has another name by then. */
export async function dropStagings(session: SqlSession, stagings: readonly RegisteredStaging[]): Promise<void> {
  if (stagings.length === 0) return;
  for (const [table, group] of Map.groupBy(stagings, (staging) => staging.rows.table)) {
    const ids = group.flatMap(({ rows }) => rows.stagingId ?? []);
    if (ids.length > 0) await session.run(`delete from ${table} where _sid = any ($1::integer[])`, [ids]);
    else await session.run(`drop table if exists ${table}`);
  }
  const attempts = stagings.map((staging) => staging.attempt);
  if (stagings.some((staging) => staging.isMerge)) {
    const extras = await session.run(
      "select tablename from pg_tables where schemaname = $1 and tablename like 'm\\_%' and substr(split_part(tablename, '$', 1), 3) = any ($2::text[])",
      [internalSchema, attempts],
    );
    for (const extra of extras)
      await session.run(`drop table if exists ${internalSchema}.${quoteIdentifier(textOf(extra, "tablename"))}`);
  }
  await session.run(`delete from ${internalSchema}.staging where attempt = any ($1::text[])`, [attempts]);
}
