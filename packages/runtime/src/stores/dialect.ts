import type { ColumnType, RowSchema } from "@watersmeet/core/schema";
import type { MeasureDialect } from "./render-measure.ts";
import type { SqlSession } from "./sql-session.ts";

/** Where two engines' SQL differs; everything else is rendered once for both. */
export interface Dialect extends MeasureDialect {
  /** Name of a column type. */
  renderType(type: ColumnType): string;
  /** Microseconds since 1970-01-01 UTC of a timestamp expression, as a bigint. */
  renderEpochMicros(expression: string): string;
  /** The readers' view of an asset, quoted, in its schema. */
  renderView(asset: string): string;
  /** Head of one common table expression of a query's input: the planner may look into it. */
  renderInputHead(name: string): string;
  /** A JSON expression in the form of `canonicalJson`. */
  renderJson(expression: string): string;
  /** What tells a row of a table from its equals, for as long as the statement runs. */
  readonly rowId: string;
  /** After `create table …` of rows that are replaced a few at a time; empty or starting with a space. */
  readonly updatedTableOptions: string;
  /** A SELECT of `column_name`: columns of one of the store's own tables, by its bare name. It looks at that table alone, however many there are. */
  renderColumnsOf(table: string): string;
  /** Statements that tell the planner how many rows a table has got, and what some of its columns hold. */
  renderAnalyze(table: string, columns: readonly string[]): readonly string[];
  /** Statements before and after one that joins large tables of which the planner knows nothing, in a transaction. */
  readonly aroundLargeJoin: readonly [before: readonly string[], after: readonly string[]];
  /** Begins a statement that makes a table of changes from a SELECT; `null`: changes of every attempt stand side by side. */
  readonly createOwnChanges: string | null;
  /** Statements before and after one that finds rows by their `rowId`, in a transaction. */
  readonly aroundRowIds: readonly [before: readonly string[], after: readonly string[]];
  /** Statements that make the table in which attempts of a stamped asset stage rows side by side, unless it is there. */
  renderChangesTable(assetId: number, schema: RowSchema): readonly string[];
  /** Statements that make the tables of a partitioned asset, without rows. */
  renderAssetTables(assetId: number, schema: RowSchema): readonly string[];
  /** Tables that get a column that a schema adds. */
  listColumnTables(assetId: number): readonly string[];
  /** Whether two names are one to the engine. */
  readonly foldsCase: boolean;
  /** Bytes of an identifier. `null`: any length. */
  readonly maxNameBytes: number | null;
  /** Makes readers of an asset see what a SELECT says, within the session's transaction. */
  serve(session: SqlSession, view: string, select: string): Promise<void>;
}
