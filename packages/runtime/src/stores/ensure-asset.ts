import { WatersmeetError } from "@watersmeet/core/errors";
import type { AssetKey } from "@watersmeet/core/values";
import { quoteIdentifier, renderColumnNames } from "../exchange/quote.ts";
import { internalSchema, tableNames } from "./catalog/names.ts";
import { findAssets, type CatalogAsset } from "./catalog/read-catalog.ts";
import type { Dialect } from "./dialect.ts";
import type { StoredAsset } from "./port/staging.ts";
import { checkColumnNames, planSchemaChange } from "./schema-change.ts";
import { numberOf, textOf, type SqlSession } from "./sql-session.ts";
import { ensureStamped } from "./stamped/ensure-stamped.ts";

/**
 * Makes an asset's tables and the readers' view, or follows its schema; within the session's transaction, in which nobody else does.
 * Answers the asset's number.
 * @throws {STORE_SCHEMA_INCOMPATIBLE} @throws {STORE_NAME_INVALID}
 */
export async function ensureAsset(session: SqlSession, dialect: Dialect, asset: StoredAsset): Promise<number> {
  checkColumnNames(asset);
  const found = (await findAssets(session, [asset.key])).get(asset.key);
  return found === undefined
    ? await createAsset(session, dialect, asset)
    : await followSchema({ session, dialect, asset, found });
}

async function createAsset(session: SqlSession, dialect: Dialect, asset: StoredAsset): Promise<number> {
  checkLength(dialect, asset.key);
  await refuseAmbiguousName(session, dialect, asset.key);
  const [row] = await session.run(`select coalesce(max(asset_id), 0) + 1 as asset_id from ${internalSchema}.asset`);
  const assetId = row === undefined ? 1 : numberOf(row, "asset_id");
  await session.run(
    `insert into ${internalSchema}.asset (asset_id, key, is_partitioned, columns, next_version) values ($1, $2, $3, $4, 1)`,
    [assetId, asset.key, asset.isPartitioned, JSON.stringify(asset.schema.columns)],
  );
  if (asset.isStamped === true) {
    await ensureStamped(session, dialect, { asset, assetId });
    return assetId;
  }
  if (!asset.isPartitioned) return assetId;
  for (const statement of dialect.renderAssetTables(assetId, asset.schema)) await session.run(statement);
  await serveLive(session, dialect, { asset, assetId });
  return assetId;
}

interface Following {
  readonly session: SqlSession;
  readonly dialect: Dialect;
  readonly asset: StoredAsset;
  readonly found: CatalogAsset;
}

async function followSchema(following: Following): Promise<number> {
  const { session, dialect, asset, found } = following;
  if (found.isPartitioned !== asset.isPartitioned || (found.isStamped && asset.isStamped !== true))
    throw otherForm(asset, found);
  if (asset.isStamped === true) {
    // The columns in the catalog stay those of the tables that the asset had before.
    await ensureStamped(session, dialect, { asset, assetId: found.assetId });
    return found.assetId;
  }
  const stored = found.isPartitioned ? await alterTables(following) : asset.schema;
  await session.run(`update ${internalSchema}.asset set columns = $2 where asset_id = $1`, [
    found.assetId,
    JSON.stringify(stored.columns),
  ]);
  return found.assetId;
}

async function alterTables({ session, dialect, asset, found }: Following): Promise<StoredAsset["schema"]> {
  const change = planSchemaChange(asset, found.schema, {
    hasRows: found.nextVersion > 1,
    renderType: (type) => dialect.renderType(type),
  });
  for (const column of change.added) {
    for (const table of dialect.listColumnTables(found.assetId)) {
      await session.run(
        `alter table ${table} add column ${quoteIdentifier(column.name)} ${dialect.renderType(column.type)}`,
      );
    }
  }
  await serveLive(session, dialect, { asset, assetId: found.assetId });
  return change.stored;
}

async function serveLive(
  session: SqlSession,
  dialect: Dialect,
  { asset, assetId }: { readonly asset: StoredAsset; readonly assetId: number },
): Promise<void> {
  const select = `select ${renderColumnNames(asset.schema.columns)} from ${tableNames.live(assetId)}`;
  await dialect.serve(session, dialect.renderView(asset.key), select);
}

function otherForm(asset: StoredAsset, found: CatalogAsset): WatersmeetError {
  const form = ({ isPartitioned, isStamped }: Pick<StoredAsset, "isPartitioned" | "isStamped">) =>
    `${isStamped === true ? "a merge, " : ""}${isPartitioned ? "partitioned" : "not partitioned"}`;
  return new WatersmeetError(
    "STORE_SCHEMA_INCOMPATIBLE",
    `"${asset.key}" is ${form(found)} in the store and ${form(asset)} in the project`,
    {
      hint: "Give the asset another name; the versions under the old name stay readable.",
      details: { asset: asset.key },
    },
  );
}

function checkLength(dialect: Dialect, key: AssetKey): void {
  const { maxNameBytes } = dialect;
  if (maxNameBytes === null || Buffer.byteLength(key) <= maxNameBytes) return;
  throw new WatersmeetError(
    "STORE_NAME_INVALID",
    `"${key}" has ${Buffer.byteLength(key)} bytes; the store's names have at most ${maxNameBytes}`,
    { hint: "Give the asset a shorter name.", details: { asset: key } },
  );
}

/** To DuckDB, names that differ only in case are one: two such assets would have one view. */
async function refuseAmbiguousName(session: SqlSession, dialect: Dialect, key: AssetKey): Promise<void> {
  if (!dialect.foldsCase) return;
  const [other] = await session.run(`select key from ${internalSchema}.asset where lower(key) = lower($1)`, [key]);
  if (other === undefined) return;
  throw new WatersmeetError(
    "STORE_NAME_INVALID",
    `The assets "${textOf(other, "key")}" and "${key}" differ only in upper and lower case`,
    { hint: "Rename one of them: the store has one name for both.", details: { asset: key } },
  );
}
