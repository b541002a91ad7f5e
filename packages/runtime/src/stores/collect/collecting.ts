import type { CatalogAsset } from "../catalog/read-catalog.ts";
import type { Dialect } from "../dialect.ts";
import type { SqlSession } from "../sql-session.ts";

/** What one collecting works with: a transaction, in which nobody commits. */
export interface Collecting {
  readonly session: SqlSession;
  readonly dialect: Dialect;
  readonly asset: CatalogAsset;
  readonly isDryRun: boolean;
}
