import type { AssetKey } from "../values/asset-key.ts";

/**
 * How the value of one cell comes from those that say something of it, once deletes and retracts have hidden what they hide:
 *
 * - `recencyFirst`, `priorityFirst`: the value with the greatest token, time or trust first
 * - `first`: the value with the least token, recency first
 * - `min`, `max`: the least or greatest value by the column's own order (text by its bytes, NaN greatest); null says nothing
 * - `setUnion`: of a JSON column with arrays: every distinct element, ordered by its canonical text; null says nothing
 * - `sum`, `count`: over the contributions, each counted once however often it was delivered; null adds nothing to a sum and is not counted.
 *   `sum` is of integer, bigint and decimal columns, whose sums do not depend on the order; `count` is of integer and bigint columns
 * - `custom`: a function of the author's that joins two values, whose laws `watersmeet check` tries
 */
export type CellPolicy = (typeof cellPolicies)[number];

export const cellPolicies = [
  "recencyFirst",
  "priorityFirst",
  "first",
  "min",
  "max",
  "setUnion",
  "sum",
  "count",
  "custom",
] as const;

/**
 * What becomes of the rows of one key:
 *
 * - `recencyFirst`, `priorityFirst`: one row, chosen cell by cell
 * - `unionDistinct`: one of equal rows; two different rows of one key are refused
 * - `unionAll`: every contribution is a row of its own: the key groups rows for deletes and does not make them unique
 * - `keepConflicts`: one row where the sources agree; where none of several sources comes before the others in time and trust and they differ,
 *   each distinct row of them
 */
export type RowPolicy = (typeof rowPolicies)[number];

export const rowPolicies = ["recencyFirst", "priorityFirst", "unionDistinct", "unionAll", "keepConflicts"] as const;

/** How a merge's branches become one table, as data. */
export interface MergePolicy {
  /** Columns that identify a row; in the order of the schema. */
  readonly key: readonly string[];
  readonly rows: RowPolicy;
  /** Columns that are chosen differently from `rows`. */
  readonly columns: Readonly<Record<string, CellPolicy>>;
  /** Rank of each branch by its name, a whole number; greater is more trusted; branches not listed have 0. */
  readonly trust: Readonly<Record<string, number>>;
  /** Column of the branches (or null) that says when a row was true; without one the source is undated and every row's time is -infinity. */
  readonly eventTime: string | null;
  /** Column of the branches that says what a row does: `upsert` (also NULL), `delete` or `retract`. A branch without it upserts. */
  readonly operation?: string;
  /** Column of the branches with the producer's own sequence of a row, a whole number; NULL and a branch without it: 0. */
  readonly sequence?: string;
  /** JSON column of the branches with the names of the columns that the row says something of; NULL and a branch without it: all that it delivers. */
  readonly present?: string;
  /**
   * Column of the key that says which partition a row belongs to: rows of another partition are none of this one's contributions (M17). Without it each partition is a key space
   * of its own, and whatever its branches deliver belongs to it.
   */
  readonly partitionBy?: string;
  /**
   * Microseconds within which times count as equal, so that trust decides before the exact time: a token has `floor(time / tolerance)` before the rank and the
   * exact time after it. 0 or absent: none.
   */
  readonly toleranceUs?: number;
}

/** One branch of a merge: the name of the parameter, and what it reads. */
export interface MergeBranch {
  readonly name: string;
  readonly asset: AssetKey;
}

/** What chooses a column's cells. Under `unionDistinct` all rows of a key are equal, so the latest stands for them. */
export function cellPolicyOf(policy: MergePolicy, column: string): CellPolicy {
  const own = Object.hasOwn(policy.columns, column) ? policy.columns[column] : undefined;
  return own ?? (policy.rows === "priorityFirst" ? "priorityFirst" : "recencyFirst");
}
