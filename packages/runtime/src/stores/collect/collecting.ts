import type { RowSchema } from "@watersmeet/core/schema";
import type { CatalogAsset } from "../catalog/read-catalog.ts";
import type { Dialect } from "../dialect.ts";
import type { CatalogBatch } from "../merge/catalog/batches.ts";
import type { CatalogCut } from "../merge/catalog/cuts.ts";
import type { CollectOptions } from "../port/merge-records.ts";
import type { SqlSession } from "../sql-session.ts";

/** What one collecting works with: a transaction, in which nobody commits. */
export interface Collecting {
  readonly session: SqlSession;
  readonly dialect: Dialect;
  readonly asset: CatalogAsset;
  /** Of the rows, as the project has it. */
  readonly schema: RowSchema;
  readonly isDryRun: boolean;
  readonly settle: CollectOptions["settle"];
}

/** What one partition of a merge has, besides the versions that are removed. */
export interface KeptPartition {
  readonly partition: string;
  /** Published ones, and those that attempts are staging. */
  readonly batches: readonly (CatalogBatch & { readonly isStaged: boolean })[];
  /** Of kept versions, oldest first. */
  readonly cuts: readonly CatalogCut[];
}
