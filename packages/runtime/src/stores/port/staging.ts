import type { RowSchema } from "@watersmeet/core/schema";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";

/** An asset as a store keeps it. */
export interface StoredAsset {
  readonly key: AssetKey;
  readonly schema: RowSchema;
  /** False: full refresh, whole tables behind a view. True: rows of all partitions side by side in `live`, superseded ones in `hist`. */
  readonly isPartitioned: boolean;
  /**
   * True: a version is kept as the difference to the one before; rows that stay the same are stored once, stamped with the versions that have them. For merges.
   * An asset may become stamped; it stays so. @default false
   */
  readonly isStamped?: boolean;
}

/** A committed version of (asset, partition). `version` is a small integer, dense per asset, given by the store at commit. */
export interface VersionRef {
  readonly partition: PartitionKey;
  readonly version: number;
}

/** What a step reads of one input: pinned versions, by literal. */
export interface InputVersions {
  readonly asset: StoredAsset;
  readonly versions: readonly VersionRef[];
}

/** Where an attempt puts its rows: visible to nobody, deleted when abandoned. */
export interface StageTarget {
  readonly asset: StoredAsset;
  readonly partition: PartitionKey;
  /** Unique per attempt, `[a-z0-9_]{1,40}`; names the staging tables. */
  readonly attempt: string;
}

/** A sealed file of rows that crosses a process boundary. Parquet between children and DuckDB; CSV where Postgres is on one side. See `exchange/`. */
export interface ExchangeFile {
  readonly path: string;
  readonly format: "parquet" | "csv";
  readonly schema: RowSchema;
  readonly rowCount: number;
}

/** A SELECT whose inputs are relations named `input_0`, `input_1` … in the order of `inputs`; placeholders are `$1`, `$2` … */
export interface StagedQuery {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  readonly inputs: readonly InputVersions[];
}
