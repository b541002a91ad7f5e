import type { ColumnType } from "@watersmeet/core/schema";

/** Where two engines' SQL differs; everything else is rendered once for both. */
export interface Dialect {
  readonly kind: "duckdb" | "postgres";
  /** Name of a column type. */
  renderType(type: ColumnType): string;
  /** Microseconds since 1970-01-01 UTC of a timestamp expression, as a bigint. */
  renderEpochMicros(expression: string): string;
  /** The readers' view of an asset, quoted, in its schema. */
  renderView(asset: string): string;
}
