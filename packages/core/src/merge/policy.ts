import type { AssetKey } from "../values/asset-key.ts";

/** How the winner of one cell is chosen among branches. */
export type CellPolicy = "recencyFirst" | "priorityFirst";

/** How a merge's branches become one table, as data. */
export interface MergePolicy {
  /** Columns that identify a row; in the order of the schema. */
  readonly key: readonly string[];
  /** `unionDistinct` keeps one of equal rows by key and refuses two different rows of one key; the others choose cell by cell. */
  readonly rows: CellPolicy | "unionDistinct";
  /** Columns that are chosen differently from `rows`. */
  readonly columns: Readonly<Record<string, CellPolicy>>;
  /** Rank of each branch by its name, a whole number; greater is more trusted; branches not listed have 0. */
  readonly trust: Readonly<Record<string, number>>;
  /** Column of the branches (or null) that says when a row was true; without one the source is undated and every row's time is -infinity. */
  readonly eventTime: string | null;
}

/** One branch of a merge: the name of the parameter, and what it reads. */
export interface MergeBranch {
  readonly name: string;
  readonly asset: AssetKey;
}

/** What chooses a column's cells. Under `unionDistinct` all rows of a key are equal, so the latest stands for them. */
export function cellPolicyOf(policy: MergePolicy, column: string): CellPolicy {
  const own = Object.hasOwn(policy.columns, column) ? policy.columns[column] : undefined;
  return own ?? rowPolicyOf(policy);
}

/** What decides which contribution a row as such belongs to. */
export function rowPolicyOf(policy: MergePolicy): CellPolicy {
  return policy.rows === "unionDistinct" ? "recencyFirst" : policy.rows;
}
