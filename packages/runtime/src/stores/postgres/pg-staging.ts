import { WatersmeetError } from "@watersmeet/core/errors";
import { quoteIdentifier } from "../../exchange/quote.ts";
import type { Staging } from "../apply-commits.ts";
import { internalSchema, tableNames } from "../catalog/names.ts";
import { numberOf, textOf, type SqlRow, type SqlSession } from "../sql-session.ts";
import type { StoredAsset, StageTarget } from "../store.ts";
import { renderPgColumns, stagingTableOf } from "./pg-dialect.ts";

/** The register of what attempts have staged: any process finds there what is to be published, or dropped. */
export function renderStagingCatalog(): readonly string[] {
  return [
    `create table if not exists ${internalSchema}.staging (staging_id integer generated always as identity primary key, attempt text not null unique, asset_id integer not null, is_partitioned boolean not null, is_merge boolean not null, quarantined_count bigint not null default 0, created_at timestamptz not null default now())`,
  ];
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

/** Registers an attempt, in the place of an earlier staging of it, and makes its table where it has one of its own. */
export async function registerStaging(
  session: SqlSession,
  { target, assetId, isMerge }: { readonly target: StageTarget; readonly assetId: number; readonly isMerge: boolean },
): Promise<RegisteredStaging> {
  await dropStagings(session, await findStagingRows(session, [target]));
  const [row] = await session.run(
    `insert into ${internalSchema}.staging (attempt, asset_id, is_partitioned, is_merge) values ($1, $2, $3, $4) returning *`,
    [target.attempt, assetId, target.asset.isPartitioned, isMerge],
  );
  if (row === undefined) throw new TypeError("An INSERT with RETURNING answers its row");
  if (!target.asset.isPartitioned) {
    await session.run(`create table ${tableNames.staged(target.attempt)} (${renderPgColumns(target.asset.schema)})`);
  }
  return readStaging(row, target.asset);
}

/** What the targets' attempts have staged, if they have. */
export async function findStagingRows(
  session: SqlSession,
  targets: readonly Pick<StageTarget, "attempt" | "asset">[],
): Promise<readonly RegisteredStaging[]> {
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
  const isShared = textOf(row, "is_partitioned") === "true";
  return {
    attempt,
    assetId,
    stagingId,
    rows: {
      table: isShared ? stagingTableOf(assetId) : tableNames.staged(attempt),
      stagingId: isShared ? stagingId : null,
      schema: asset.schema,
    },
    quarantineTable: numberOf(row, "quarantined_count") === 0 ? null : extraTable(attempt, "reject"),
    isMerge: textOf(row, "is_merge") === "true",
    stagingTable: (suffix) => extraTable(attempt, suffix),
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
