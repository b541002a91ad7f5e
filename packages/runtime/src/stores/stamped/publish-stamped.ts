import { WatersmeetError } from "@watersmeet/core/errors";
import { quoteIdentifier, renderColumnNames } from "../../exchange/quote.ts";
import type { StagedRows } from "../catalog/move-rows.ts";
import { internalSchema as s, tableNames } from "../catalog/names.ts";
import type { CatalogAsset } from "../catalog/read-catalog.ts";
import type { Dialect } from "../dialect.ts";
import { numberOf, type SqlSession } from "../sql-session.ts";
import { renderRowBytes } from "./stage-changes.ts";
import { insertStampedTable, listStampedTables, type StampedTable } from "./stamped-catalog.ts";
import type { StampedStaging } from "./stamped-staging.ts";
import { columnsIdOf, openEnd } from "./stamped-table.ts";

/** A new version and what was staged for it. */
export interface StampedPublication {
  readonly version: number;
  readonly partition: string;
  readonly rows: StagedRows;
  readonly staging: StampedStaging;
  /** Checks outside of the store that its rows have passed. */
  readonly rowChecks: string | null;
}

interface Placed extends StampedPublication {
  readonly strand: number;
  readonly table: number;
}

/**
 * Makes staged versions versions of an asset, within the commit's transaction: closes rows, opens rows, and moves the tips of their strands. Set-wise: the number of
 * statements does not depend on the number of partitions. The caller has found the tips as staging saw them.
 */
export async function publishStamped(
  session: SqlSession,
  dialect: Dialect,
  { asset, publications }: { readonly asset: CatalogAsset; readonly publications: readonly StampedPublication[] },
): Promise<void> {
  if (publications.length === 0) return;
  const tables = await listStampedTables(session, asset.assetId);
  const placed = await placeStrands(session, { asset, publications, tables });
  for (const one of placed.filter(({ staging }) => staging.form === "whole"))
    await adoptTable(session, dialect, { asset, placed: one });
  const changes = placed.filter(({ staging }) => staging.form !== "whole");
  const groups = Map.groupBy(changes, ({ rows, staging, table }) =>
    JSON.stringify([rows.table, table, staging.key, staging.isDifference]),
  );
  for (const group of groups.values()) {
    await closeRows(session, dialect, { asset, group });
    await openRows(session, { asset, group });
  }
  await recordVersions(session, asset, placed);
}

/** Strand and table of each version: those of its base, or new ones. */
async function placeStrands(
  session: SqlSession,
  {
    asset,
    publications,
    tables,
  }: {
    readonly asset: CatalogAsset;
    readonly publications: readonly StampedPublication[];
    readonly tables: readonly StampedTable[];
  },
): Promise<readonly Placed[]> {
  const { assetId, isPartitioned } = asset;
  const known = await session.run(
    `select strand, table_number from ${s}.stamped_strand where asset_id = $1::integer and strand in (select unnest($2::integer[]))`,
    [assetId, publications.flatMap(({ staging }) => (staging.isDifference ? (staging.seen?.strand ?? []) : []))],
  );
  const tableOf = new Map(known.map((row) => [numberOf(row, "strand"), numberOf(row, "table_number")]));
  const [last] = await session.run(
    `select coalesce(max(strand), 0) as strand from ${s}.stamped_strand where asset_id = $1::integer`,
    [assetId],
  );
  const latest = tables.at(-1)?.number ?? 0;
  let [strand, table] = [last === undefined ? 0 : numberOf(last, "strand"), latest];
  const placed: Placed[] = [];
  for (const one of publications) {
    const { isDifference, seen } = one.staging;
    if (isDifference && seen !== null) {
      placed.push({ ...one, strand: seen.strand, table: tableOf.get(seen.strand) ?? 0 });
      continue;
    }
    strand += 1;
    if (!isPartitioned) table += 1;
    placed.push({ ...one, strand, table });
  }
  const begun = placed.filter(({ staging }) => !staging.isDifference);
  await session.run(
    `insert into ${s}.stamped_strand (asset_id, strand, partition, table_number, tip) select $1::integer, unnest($2::integer[]), unnest($3::varchar[]), unnest($4::integer[]), unnest($5::integer[])`,
    [
      assetId,
      begun.map((one) => one.strand),
      begun.map((one) => one.partition),
      begun.map((one) => one.table),
      begun.map((one) => one.version),
    ],
  );
  return placed;
}

/** The staged table becomes the table of a strand of its own, of which the planner knows that nearly all rows are in its latest version. */
async function adoptTable(
  session: SqlSession,
  dialect: Dialect,
  { asset: { assetId }, placed: { rows, staging, table } }: { readonly asset: CatalogAsset; readonly placed: Placed },
): Promise<void> {
  await session.run(`alter table ${rows.table} rename to ${tableNames.stampedBare(assetId, table)}`);
  const described = ["_from", "_to", ...staging.key.columns.map(quoteIdentifier)];
  for (const statement of dialect.renderAnalyze(tableNames.stamped(assetId, table), described))
    await session.run(statement);
  await insertStampedTable(session, assetId, { number: table, schema: rows.schema });
}

interface Group {
  readonly asset: CatalogAsset;
  /** With one staging table, stamped table and key. */
  readonly group: readonly Placed[];
}

/** Strands, versions and staging numbers of a group, for `$1` to `$3`. */
const mapping =
  "(select unnest($1::integer[]) as sid, unnest($2::integer[]) as strand, unnest($3::integer[]) as version) as m";

/** Items of FROM: changes `s`, and the strand and version `m` that each belongs to. */
function renderChanges({ rows: { stagingId, table } }: Placed): string {
  return `${table} as s join ${mapping} on ${stagingId === null ? "true" : "m.sid = s._sid"}`;
}

function listMapping(group: readonly Placed[]): readonly (readonly number[])[] {
  return [
    group.map(({ rows }) => rows.stagingId ?? 0),
    group.map(({ strand }) => strand),
    group.map(({ version }) => version),
  ];
}

async function closeRows(session: SqlSession, dialect: Dialect, { asset, group }: Group): Promise<void> {
  const [first] = group;
  const expected = group.reduce((sum, { staging }) => sum + staging.closedRows, 0);
  if (first === undefined || expected === 0) return;
  const target = tableNames.stamped(asset.assetId, first.table);
  const { form, key } = first.staging;
  const keys = key.columns.map(quoteIdentifier);
  const source = `${renderChanges(first)} where s._sign = -1`;
  const isPlaced = key.isUnique && form === "ownChanges";
  const close = { target, source, schema: first.rows.schema, keys, isShared: asset.isPartitioned, isPlaced };
  const sql = key.isUnique ? renderCloseKeys(dialect, close) : renderCloseEqual(dialect, close);
  const [before, after] = isPlaced ? dialect.aroundRowIds : dialect.aroundLargeJoin;
  for (const statement of before) await session.run(statement);
  const closed = await session.change(sql, listMapping(group));
  for (const statement of after) await session.run(statement);
  if (closed !== expected) throw unexpectedRows(asset, { expected, found: closed });
}

interface Closing {
  readonly target: string;
  /** Items of FROM, and the condition that leaves closed rows. */
  readonly source: string;
  readonly schema: StagedRows["schema"];
  readonly keys: readonly string[];
  readonly isShared: boolean;
  /** Whether closed rows say where they stand. */
  readonly isPlaced: boolean;
}

/** A key has one row. Where it stands is only believed when the row has the key: the table may have been written anew since. */
function renderCloseKeys(
  dialect: Dialect,
  { isPlaced, isShared, keys, source, target }: Omit<Closing, "schema">,
): string {
  const columns = [
    "m.strand",
    "m.version",
    ...(isPlaced ? ["s._row"] : []),
    ...keys.map((key, n) => `s.${key} as k${n}`),
  ];
  const matches = [
    ...(isPlaced ? [`t.${dialect.rowId} = c._row`] : []),
    ...(isShared ? ["t._strand = c.strand"] : []),
    // Nothing is greater. By an equation DuckDB takes the open rows for as few as those of any other `_to`, and with ten versions makes its table of them: ten times as slow.
    `t._to >= ${openEnd}`,
    ...keys.map((key, n) => `t.${key} = c.k${n}`),
  ];
  return `update ${target} as t set _to = c.version from (select ${columns.join(", ")} from ${source}) as c where ${matches.join(" and ")}`;
}

/** Several rows of a version may be equal: each closed one is paired with one of the table. */
function renderCloseEqual(dialect: Dialect, close: Omit<Closing, "isPlaced">): string {
  const { isShared, keys, schema, source, target } = close;
  const rowBytes = (prefix: string) => `${renderRowBytes(dialect, schema, prefix)} as bytes`;
  const strand = isShared ? "t._strand" : "0";
  const matches = [...(isShared ? ["c.strand = t._strand"] : []), ...keys.map((key) => `c.${key} = t.${key}`)];
  const closed = `select m.strand, m.version, s.* from ${source}`;
  const candidates = `select t.${dialect.rowId} as id, ${strand} as strand, ${rowBytes("t.")} from ${target} as t where t._to = ${openEnd}${matches.length === 0 ? "" : ` and exists (select 1 from (${closed}) as c where ${matches.join(" and ")})`}`;
  const numbered = (select: string) =>
    `select *, row_number() over (partition by strand, bytes) as nth from (${select}) as b`;
  const doomed = `select ${isShared ? "m.strand" : "0"} as strand, m.version, ${rowBytes("s.")} from ${source}`;
  return `update ${target} as u set _to = d.version from (select o.id, c.version from (${numbered(candidates)}) as o join (${numbered(doomed)}) as c on c.strand = o.strand and c.bytes = o.bytes and c.nth = o.nth) as d where u.${dialect.rowId} = d.id`;
}

async function openRows(session: SqlSession, { asset, group }: Group): Promise<void> {
  const [first] = group;
  const expected = group.reduce((sum, { staging }) => sum + staging.openedRows, 0);
  if (first === undefined || expected === 0) return;
  const names = renderColumnNames(first.rows.schema.columns);
  const cells = first.rows.schema.columns.map(({ name }) => `s.${quoteIdentifier(name)}`).join(", ");
  const [column, strand] = asset.isPartitioned ? ["_strand, ", "m.strand, "] : ["", ""];
  const opened = await session.change(
    `insert into ${tableNames.stamped(asset.assetId, first.table)} (${column}_from, _to, ${names}) select ${strand}m.version, ${openEnd}, ${cells} from ${renderChanges(first)} where s._sign = 1`,
    listMapping(group),
  );
  if (opened !== expected) throw unexpectedRows(asset, { expected, found: opened });
}

function unexpectedRows(
  { key }: CatalogAsset,
  { expected, found }: { readonly expected: number; readonly found: number },
): WatersmeetError {
  return new WatersmeetError(
    "STORE_CONFLICT",
    `Publishing "${key}" touched ${found} rows instead of ${expected}: what was staged does not fit the rows of the store`,
    { hint: "Nothing was published. The worker stages it again.", details: { asset: key, expected, found } },
  );
}

async function recordVersions(
  session: SqlSession,
  { assetId }: CatalogAsset,
  placed: readonly Placed[],
): Promise<void> {
  await session.run(
    `insert into ${s}.stamped_version (asset_id, version, strand, columns_id, sum_0, sum_1, checks_id, row_checks, opened_rows, closed_rows)
     select $1::integer, unnest($2::integer[]), unnest($3::integer[]), unnest($4::varchar[]), unnest($5::varchar[]), unnest($6::varchar[]), unnest($7::varchar[]), unnest($8::varchar[]), unnest($9::bigint[]), unnest($10::bigint[])`,
    [
      assetId,
      placed.map(({ version }) => version),
      placed.map(({ strand }) => strand),
      placed.map(({ rows }) => columnsIdOf(rows.schema)),
      placed.map(({ staging }) => staging.measured?.sums[0] ?? null),
      placed.map(({ staging }) => staging.measured?.sums[1] ?? null),
      placed.map(({ staging }) => staging.measured?.checksId ?? null),
      placed.map(({ rowChecks }) => rowChecks),
      placed.map(({ staging }) => staging.openedRows),
      placed.map(({ staging }) => staging.closedRows),
    ],
  );
  await session.run(
    `update ${s}.stamped_strand set tip = m.tip from (select unnest($2::integer[]) as strand, unnest($3::integer[]) as tip) m where stamped_strand.asset_id = $1::integer and stamped_strand.strand = m.strand`,
    [assetId, placed.map(({ strand }) => strand), placed.map(({ version }) => version)],
  );
}
