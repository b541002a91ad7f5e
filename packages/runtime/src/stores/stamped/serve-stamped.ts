import { parseAssetKey, type PartitionKey } from "@watersmeet/core/values";
import { quoteIdentifier, quoteLiteral, renderColumnNames } from "../../exchange/quote.ts";
import { internalSchema as s, tableNames } from "../catalog/names.ts";
import { readMeta, readPartition } from "../catalog/read-catalog.ts";
import type { Dialect } from "../dialect.ts";
import { readVersions } from "../read-versions.ts";
import { renderReading } from "../render-reading.ts";
import { numberOf, textOf, type SqlSession } from "../sql-session.ts";
import { listStampedTables, readColumns } from "./stamped-catalog.ts";
import { openEnd } from "./stamped-table.ts";

export interface ServedAsset {
  readonly assetId: number;
  readonly key: string;
  readonly isPartitioned: boolean;
}

/**
 * Sees to it that the readers' view shows the heads of the live environment, within the session's transaction. While every head is the latest version of its
 * partition, the view is one comparison on a plain table, and new versions need no other view; a head elsewhere is looked up as the view is read.
 */
export async function serveStamped(session: SqlSession, dialect: Dialect, served: ServedAsset): Promise<void> {
  const [row] = await session.run(`select columns, served from ${s}.stamped_asset where asset_id = $1::integer`, [
    served.assetId,
  ]);
  if (row === undefined) throw new TypeError(`${served.key} is not a stamped asset`);
  const environment = (await readMeta(session, "live_environment")) ?? "";
  const schema = readColumns(textOf(row, "columns"));
  const select = await renderServed(session, dialect, { ...served, environment, schema });
  if (select === null || select === row["served"]) return;
  await dialect.serve(session, dialect.renderView(served.key), select);
  await session.run(`update ${s}.stamped_asset set served = $2 where asset_id = $1::integer`, [served.assetId, select]);
}

interface Serving extends ServedAsset {
  readonly environment: string;
  readonly schema: ReturnType<typeof readColumns>;
}

/** `null`: there is nothing to show yet. */
async function renderServed(session: SqlSession, dialect: Dialect, serving: Serving): Promise<string | null> {
  const { assetId, isPartitioned, schema } = serving;
  const [heads] = await session.run(
    `select count(*) as heads, count(*) filter (where st.tip = h.version) as tips, count(distinct coalesce(st.table_number, 0)) as tables, min(coalesce(st.table_number, 0)) as table_number ${headsOf(serving)}`,
  );
  const count = heads === undefined ? 0 : numberOf(heads, "heads");
  if (heads === undefined || count === 0) return isPartitioned ? renderReading(dialect, schema, []) : null;
  const number = numberOf(heads, "table_number");
  if (numberOf(heads, "tables") > 1 || number === 0) return await renderPinned(session, dialect, serving);
  // The versions that readers see may be in a form from before: then each column is read for itself.
  if (!(await hasColumns(session, serving, number))) return await renderPinned(session, dialect, serving);
  const table = tableNames.stamped(assetId, number);
  const areTips = numberOf(heads, "tips") === count && count === (await countStrands(session, assetId, number));
  return areTips
    ? `select ${renderColumnNames(schema.columns)} from ${table} where _to = ${openEnd}`
    : renderJoined(serving, table);
}

async function hasColumns(session: SqlSession, { assetId, schema }: Serving, number: number): Promise<boolean> {
  const table = (await listStampedTables(session, assetId)).find((one) => one.number === number);
  const names = new Set(table?.schema.columns.map(({ name }) => name.toLowerCase()));
  return schema.columns.every(({ name }) => names.has(name.toLowerCase()));
}

/** Of the live environment, with the strands of those that have one. */
function headsOf({ assetId, environment }: Serving): string {
  return `from ${s}.head h
    left join ${s}.stamped_version sv on sv.asset_id = h.asset_id and sv.version = h.version
    left join ${s}.stamped_strand st on st.asset_id = sv.asset_id and st.strand = sv.strand
    where h.asset_id = ${assetId} and h.environment = ${quoteLiteral(environment)}`;
}

async function countStrands(session: SqlSession, assetId: number, table: number): Promise<number> {
  const [row] = await session.run(
    `select count(*) as strands from ${s}.stamped_strand where asset_id = $1::integer and table_number = $2::integer`,
    [assetId, table],
  );
  return row === undefined ? 0 : numberOf(row, "strands");
}

/** Heads are looked up as the view is read. */
function renderJoined(serving: Serving, table: string): string {
  const columns = serving.schema.columns.map(({ name }) => `r.${quoteIdentifier(name)}`);
  const strand = serving.isPartitioned ? "h.strand = r._strand and " : "";
  return `select ${columns.join(", ")} from ${table} r join (select sv.strand, h.version ${headsOf(serving)}) h on ${strand}r._from <= h.version and r._to > h.version`;
}

/** Heads in several tables, or from before the asset was stamped: the view names their versions, and is made anew with each commit. */
async function renderPinned(session: SqlSession, dialect: Dialect, serving: Serving): Promise<string> {
  const { key, isPartitioned, schema } = serving;
  const heads = await session.run(`select h.partition, h.version ${headsOf(serving)} order by h.version`);
  const versions = heads.map((head): { readonly partition: PartitionKey; readonly version: number } => ({
    partition: readPartition(head),
    version: numberOf(head, "version"),
  }));
  const asset = { key: parseAssetKey(key), schema, isPartitioned, isStamped: true };
  return (await readVersions(session, dialect, { asset, versions })).sql;
}
