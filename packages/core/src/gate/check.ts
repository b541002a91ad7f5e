import type { Json } from "../values/json.ts";

/**
 * A condition on one row, renderable as SQL. `notNull` alone speaks about NULL: every other predicate passes on it, and none passes by being unknown.
 * The meaning of each is `evaluatePredicate`:
 * - `textLength` counts Unicode code points, as zod and SQL's `length` do (and JavaScript's does not);
 * - `textPattern` finds a match anywhere. Patterns are of the dialect that `translatePattern` makes, which JavaScript (flag `u`), RE2 and Postgres read alike;
 * - `range` bounds are numbers for integer and double columns, text for bigint, date and timestamp; `null` is no bound;
 * - `multipleOf` is on integer and bigint columns; `finite` means neither NaN nor infinite.
 */
export type RowPredicate =
  | { readonly kind: "notNull"; readonly column: string }
  | { readonly kind: "oneOf"; readonly column: string; readonly values: readonly string[] }
  | { readonly kind: "textLength"; readonly column: string; readonly min: number | null; readonly max: number | null }
  | { readonly kind: "textPattern"; readonly column: string; readonly pattern: string }
  | {
      readonly kind: "range";
      readonly column: string;
      readonly min: Json;
      readonly max: Json;
      readonly isMinExclusive: boolean;
      readonly isMaxExclusive: boolean;
    }
  | { readonly kind: "multipleOf"; readonly column: string; readonly of: number }
  | { readonly kind: "finite"; readonly column: string };

/** A check that runs on staged rows before anything is published. */
export type Check =
  | { readonly kind: "row"; readonly id: string; readonly message: string; readonly predicate: RowPredicate }
  | { readonly kind: "uniqueKey"; readonly id: string; readonly message: string; readonly columns: readonly string[] };

/** What a store measured for one check. */
export interface CheckMeasurement {
  readonly id: string;
  readonly failedRows: number;
  /** Up to five failing rows, in their JavaScript form (big integers as text). */
  readonly sample: readonly Readonly<Record<string, Json>>[];
}
