import type { Json } from "../values/json.ts";

/** A condition on one row, renderable as SQL; NULL handling is the predicate's own (a check never passes by being unknown). */
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
