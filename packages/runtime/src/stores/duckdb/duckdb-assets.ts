import { stableJson, type AssetKey } from "@watersmeet/core/values";
import { ensureAsset } from "../ensure-asset.ts";
import type { StoredAsset } from "../port/staging.ts";
import type { DuckdbDatabase } from "./duckdb-database.ts";
import { duckdbDialect } from "./duckdb-dialect.ts";
import { joinDuckdbTransaction } from "./duckdb-session.ts";

/** The assets of a file, remembered once they are ensured. */
export class DuckdbAssets {
  readonly #database: DuckdbDatabase;
  /** Runs alone: what makes or alters tables would conflict with a commit in DuckDB's catalog. */
  readonly #exclusive: <T>(work: () => Promise<T>) => Promise<T>;
  readonly #ensured = new Map<AssetKey, { readonly form: string; readonly assetId: number }>();

  constructor(database: DuckdbDatabase, exclusive: <T>(work: () => Promise<T>) => Promise<T>) {
    this.#database = database;
    this.#exclusive = exclusive;
  }

  /** Answers the asset's number in the store. @throws {STORE_SCHEMA_INCOMPATIBLE} @throws {STORE_NAME_INVALID} */
  async ensure(asset: StoredAsset): Promise<number> {
    const form = stableJson([asset.schema, asset.isPartitioned, asset.isStamped === true]);
    const known = this.#ensured.get(asset.key);
    if (known?.form === form) return known.assetId;
    return await this.#exclusive(async () => {
      const assetId = await this.#database.pool.transact((connection) =>
        ensureAsset(joinDuckdbTransaction(connection), duckdbDialect, asset),
      );
      // A write-ahead log with changes of the catalog is the part of DuckDB's recovery with a history of mistakes.
      await this.#database.checkpoint();
      this.#ensured.set(asset.key, { form, assetId });
      return assetId;
    });
  }

  /** After the database was opened anew. */
  clear(): void {
    this.#ensured.clear();
  }
}
