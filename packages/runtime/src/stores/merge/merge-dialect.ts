import type { FoldPlan } from "@watersmeet/core/merge";
import type { ColumnType, RowSchema } from "@watersmeet/core/schema";
import type { Dialect } from "../dialect.ts";

/** Where the engines differ in how a merge is sealed and folded. */
export interface MergeDialect {
  readonly store: Dialect;
  /** Begins a transaction that sees one snapshot. */
  readonly begin: string;
  /** Keeps other processes from making the same tables until the transaction ends; `null`: there are none. */
  readonly lockCatalog: string | null;
  /** A cell's type: text is compared by its bytes. */
  renderCellType(type: ColumnType): string;
  /** Bits, the first for the schema's first column. */
  readonly presenceType: string;
  /** An integer type for tokens that do not fit 63 bits. */
  readonly wideType: string;
  /** What tells a row of a table from its equals. */
  readonly rowId: string;
  /** Statements after a contribution table was made. */
  renderIndexes(table: string): readonly string[];
  /** Statements after a working table was filled, so that it is planned well; of a table of keys with the index that it is looked up by. */
  renderAnalyze(table: string): readonly string[];
  /** Text in NFC. */
  renderNormalized(text: string): string;
  /** Whether a text has a character that not every store keeps; `null`: the engine refuses it itself. */
  renderHasNul(text: string): string | null;
  renderBytes(bytes: Buffer): string;
  /** Whether a JSON array of names has one. */
  renderContainsName(array: string, name: string): string;
  /** A quotient of whole numbers that are not negative, rounded down. */
  renderQuotient(dividend: string, divisor: string): string;
  /** Elements of a JSON column of a relation as `element`, in the form of `canonicalJson`; what is no array is one element. `select` is what to have beside it. */
  renderElements(select: string, relation: string, json: string): string;
  /** A JSON array of texts of JSON values, without doubles, ordered by their bytes; an aggregate. */
  renderElementArray(element: string): string;
  /** A whole number below 1,000 from values, other for another salt, to take a sample by. */
  renderSampleBucket(values: readonly string[], salt: number): string;
  /** Bytes as hex digits, lower case. */
  renderHex(bytes: string): string;
  /** A JSON object of columns, as text. */
  renderJsonRow(cells: readonly { readonly name: string; readonly value: string }[]): string;
  renderFold(plan: FoldPlan, table: ContributionTable): RenderedFold;
}

/** Where the contributions of a merge stand. Its cells are named by position: `c0` is the schema's first column. */
export interface ContributionTable {
  /** Quoted and qualified. */
  readonly name: string;
  readonly schema: RowSchema;
  /** Whether any batch of the fold has rows that were rejected, which stand among the contributions. */
  readonly hasFaults: boolean;
  /** Whether any batch of the fold has rows that are copies of another. */
  readonly hasCopies: boolean;
  /** What the table, as `t`, is joined to, to have fewer rows. */
  readonly joined?: string;
}

/** SELECTs that fold a set of contributions. */
export interface RenderedFold {
  /** What is found out for each row, to be kept in a table. `null` when every row is one contribution: then the others read nothing else. */
  readonly findings: string | null;
  /** The rows, columns in schema order, given the table with the findings. */
  renderRows(findings: string): string;
  /** How many contributions the rows' cells come from, as `winners`; `null` when it is the number of rows. */
  renderWinners(findings: string): string | null;
  /** Sums that their column cannot hold, as `column_name` and `sum`; `null` when there are none. */
  renderOverflows(findings: string): string | null;
  /** Some of the keys whose rows differ where they must be equal, as JSON; `null` when they may. */
  readonly conflicts: string | null;
}
