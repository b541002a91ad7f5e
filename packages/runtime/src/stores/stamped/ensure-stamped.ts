import { quoteIdentifier } from "../../exchange/quote.ts";
import { internalSchema as s, tableNames } from "../catalog/names.ts";
import type { Dialect } from "../dialect.ts";
import type { StoredAsset } from "../port/staging.ts";
import { compareSchemas } from "../schema-change.ts";
import type { SqlSession } from "../sql-session.ts";
import { serveStamped } from "./serve-stamped.ts";
import { insertStampedTable, listStampedTables, updateStampedTable, type StampedTable } from "./stamped-catalog.ts";
import { renderCreateStamped } from "./stamped-table.ts";

export interface StampedAsset {
  readonly asset: StoredAsset;
  readonly assetId: number;
}

/**
 * Makes an asset stamped, or follows its schema; within the session's transaction. New columns are added to the latest table; where a column changes its type, or a new one must not be
 * NULL, as one of the key, the versions to come stand in a new table, and those in the old one stay readable.
 */
export async function ensureStamped(session: SqlSession, dialect: Dialect, stamped: StampedAsset): Promise<void> {
  const { asset, assetId } = stamped;
  const columns = JSON.stringify(asset.schema.columns);
  const updated = await session.change(`update ${s}.stamped_asset set columns = $2 where asset_id = $1::integer`, [
    assetId,
    columns,
  ]);
  if (updated === 0)
    await session.run(`insert into ${s}.stamped_asset (asset_id, columns) values ($1::integer, $2)`, [
      assetId,
      columns,
    ]);
  for (const statement of dialect.renderChangesTable(assetId, asset.schema)) await session.run(statement);
  const latest = (await listStampedTables(session, assetId)).at(-1);
  const isFitting = latest !== undefined && (await followTable(session, dialect, { ...stamped, latest }));
  // Without partitions, the first version of a strand brings its table with it.
  if (!isFitting && asset.isPartitioned)
    await createTable(session, dialect, { ...stamped, number: (latest?.number ?? 0) + 1 });
  await serveStamped(session, dialect, { assetId, key: asset.key, isPartitioned: asset.isPartitioned });
}

/** Whether the table can hold rows of the schema; then it has its columns. */
async function followTable(
  session: SqlSession,
  dialect: Dialect,
  { asset, assetId, latest }: StampedAsset & { readonly latest: StampedTable },
): Promise<boolean> {
  const renderType = (type: (typeof asset.schema.columns)[number]["type"]) => dialect.renderType(type);
  const change = compareSchemas(asset.schema, latest.schema, { hasRows: true, renderType });
  if (change.conflicts.length > 0) return false;
  if (change.added.length === 0) return true;
  const table = tableNames.stamped(assetId, latest.number);
  for (const { name, type } of change.added)
    await session.run(`alter table ${table} add column ${quoteIdentifier(name)} ${dialect.renderType(type)}`);
  await updateStampedTable(session, assetId, { number: latest.number, schema: change.stored });
  return true;
}

async function createTable(
  session: SqlSession,
  dialect: Dialect,
  { asset, assetId, number }: StampedAsset & { readonly number: number },
): Promise<void> {
  const table = tableNames.stamped(assetId, number);
  await session.run(renderCreateStamped(dialect, { table, schema: asset.schema, isShared: true }));
  await insertStampedTable(session, assetId, { number, schema: asset.schema });
}
