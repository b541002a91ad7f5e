import { WatersmeetError } from "@watersmeet/core/errors";
import { stableJson, type AssetKey } from "@watersmeet/core/values";
import { renderDuckdbColumns, renderDuckdbType } from "../../exchange/column-types.ts";
import { quoteIdentifier, renderColumnNames } from "../../exchange/quote.ts";
import { internalSchema, tableNames } from "../catalog/names.ts";
import { findAssets, type CatalogAsset } from "../catalog/read-catalog.ts";
import { checkColumnNames, planSchemaChange } from "../schema-change.ts";
import { numberOf, textOf, type SqlSession } from "../sql-session.ts";
import type { StoredAsset } from "../store.ts";
import type { DuckdbDatabase } from "./duckdb-database.ts";
import { duckdbDialect } from "./duckdb-dialect.ts";
import { createDuckdbSession } from "./duckdb-session.ts";

/** The assets of a file: their tables, and the readers' views. */
export class DuckdbAssets {
  readonly #database: DuckdbDatabase;
  /** Runs alone: what makes or alters tables would conflict with a commit in DuckDB's catalog. */
  readonly #exclusive: <T>(work: () => Promise<T>) => Promise<T>;
  /** What is known to stand in the store, by asset: its form, and its number. */
  readonly #ensured = new Map<AssetKey, { readonly form: string; readonly assetId: number }>();

  constructor(database: DuckdbDatabase, exclusive: <T>(work: () => Promise<T>) => Promise<T>) {
    this.#database = database;
    this.#exclusive = exclusive;
  }

  /** Answers the asset's number in the store. @throws {STORE_SCHEMA_INCOMPATIBLE} @throws {STORE_NAME_INVALID} */
  async ensure(asset: StoredAsset): Promise<number> {
    const form = stableJson([asset.schema, asset.isPartitioned]);
    const known = this.#ensured.get(asset.key);
    if (known?.form === form) return known.assetId;
    checkColumnNames(asset.key, asset.schema);
    const assetId = await this.#exclusive(async () => {
      const id = await this.#database.pool.transact(async (connection) => {
        const session = createDuckdbSession(connection);
        const found = (await findAssets(session, [asset.key])).get(asset.key);
        return found === undefined ? await createAsset(session, asset) : await followSchema(session, asset, found);
      });
      // A write-ahead log with changes of the catalog is the part of DuckDB's recovery with a history of mistakes.
      await this.#database.checkpoint();
      return id;
    });
    this.#ensured.set(asset.key, { form, assetId });
    return assetId;
  }

  /** After the database was opened anew, or by another's change. */
  clear(): void {
    this.#ensured.clear();
  }
}

async function createAsset(session: SqlSession, asset: StoredAsset): Promise<number> {
  await refuseAmbiguousName(session, asset.key);
  const [row] = await session.run(`select coalesce(max(asset_id), 0) + 1 as asset_id from ${internalSchema}.asset`);
  const assetId = row === undefined ? 1 : numberOf(row, "asset_id");
  await session.run(
    `insert into ${internalSchema}.asset (asset_id, key, is_partitioned, columns, next_version) values ($1, $2, $3, $4, 1)`,
    [assetId, asset.key, asset.isPartitioned, JSON.stringify(asset.schema.columns)],
  );
  if (!asset.isPartitioned) return assetId;
  const columns = renderDuckdbColumns(asset.schema);
  await session.run(`create table ${tableNames.live(assetId)} (_vid integer, ${columns})`);
  await session.run(`create table ${tableNames.hist(assetId)} (_vid integer, ${columns})`);
  await session.run(renderLiveView(asset, assetId));
  return assetId;
}

async function followSchema(session: SqlSession, asset: StoredAsset, found: CatalogAsset): Promise<number> {
  if (found.isPartitioned !== asset.isPartitioned) {
    const form = (isPartitioned: boolean) => (isPartitioned ? "partitioned" : "not partitioned");
    throw new WatersmeetError(
      "STORE_SCHEMA_INCOMPATIBLE",
      `"${asset.key}" is ${form(found.isPartitioned)} in the store and ${form(asset.isPartitioned)} in the project`,
      {
        hint: "Give the asset another name; the versions under the old name stay readable.",
        details: { asset: asset.key },
      },
    );
  }
  const stored = found.isPartitioned ? await alterTables(session, asset, found) : asset.schema;
  await session.run(`update ${internalSchema}.asset set columns = $2 where asset_id = $1`, [
    found.assetId,
    JSON.stringify(stored.columns),
  ]);
  return found.assetId;
}

async function alterTables(
  session: SqlSession,
  asset: StoredAsset,
  found: CatalogAsset,
): Promise<StoredAsset["schema"]> {
  const hasRows = found.nextVersion > 1;
  const change = planSchemaChange(asset.key, found.schema, asset.schema, { hasRows, renderType: renderDuckdbType });
  // DuckDB refuses to alter a table that a view of the same transaction reads by `*`; ours name their columns.
  for (const column of change.added) {
    for (const table of [tableNames.live(found.assetId), tableNames.hist(found.assetId)]) {
      await session.run(
        `alter table ${table} add column ${quoteIdentifier(column.name)} ${renderDuckdbType(column.type)}`,
      );
    }
  }
  await session.run(renderLiveView(asset, found.assetId));
  return change.stored;
}

export function renderLiveView(asset: StoredAsset, assetId: number): string {
  return `create or replace view ${duckdbDialect.renderView(asset.key)} as select ${renderColumnNames(asset.schema.columns)} from ${tableNames.live(assetId)}`;
}

/** DuckDB's identifiers do not know upper from lower case: two such assets would have one view. */
async function refuseAmbiguousName(session: SqlSession, key: AssetKey): Promise<void> {
  const [other] = await session.run(`select key from ${internalSchema}.asset where lower(key) = lower($1)`, [key]);
  if (other === undefined) return;
  throw new WatersmeetError(
    "STORE_NAME_INVALID",
    `The assets "${textOf(other, "key")}" and "${key}" differ only in upper and lower case`,
    {
      hint: "Rename one of them: DuckDB has one name for both.",
      details: { asset: key },
    },
  );
}
