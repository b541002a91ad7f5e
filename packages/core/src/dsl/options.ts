import type { Condition } from "../automation/condition/condition.ts";
import type { PartitionsSpec } from "../values/partitions/partitions-spec.ts";
import type { Emits } from "./definition.ts";
import type { Duration } from "./duration.ts";
import type { ColumnName, SchemaOf } from "./schema-type.ts";
import type { Size } from "./size.ts";

/**
 * The names of outside systems, with how much of each a step takes:
 *
 *     resource: "crm"                                           // one unit
 *     resource: ["crm", { name: "warehouse", weight: 4 }]       // one and four units, taken together or not at all
 */
export type ResourceOption = string | readonly (string | { readonly name: string; readonly weight: number })[];

/** What every kind of asset can say of itself. `O` and `I` are the rows that the schema gives and takes. */
export interface CommonOptions<O, I> {
  /** A zod object: one property per column. See `docs/reference/columns.md`. */
  readonly schema: SchemaOf<O, I>;
  /** The asset's key, as a literal: survives renaming and moving. Default: the export's name. */
  readonly name?: string;
  /** Default: the first paragraph of the doc comment. */
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly group?: string;
  /** `hourly`, `daily`, `weekly`, `monthly`, `listed`, `buckets` or `product`. Default: one table, not partitioned. */
  readonly partitions?: PartitionsSpec;
  /** Columns that identify a row within its partition; a gate checks it. */
  readonly key?: readonly ColumnName<NoInfer<O>>[];
  /** Name of a store in the project's configuration. Default: the default store. */
  readonly store?: string;
  /** An attempt that takes longer is ended. @default "30m" */
  readonly timeout?: Duration;
  /** Tries in all, for failures that another try can mend. @default 3 */
  readonly maxAttempts?: number;
  /** Named outside systems whose limits the asset's steps count against. */
  readonly resource?: ResourceOption;
  /**
   * While so much of what a run has made of the asset waits for steps of the run that read it, no more of it is begun; `false`: never mind. See
   * `docs/how-to/limits.md`. @default the project's `budgets.stagedBytes`
   */
  readonly stagedBytes?: Size | false;
  /** When partitions are made by themselves: `eager()`, `onCron("0 3 * * *")`, `onMissing()`, or a condition of your own. @default never */
  readonly automation?: Condition;
  /** What a version says to the merges that read it. @default "state" */
  readonly emits?: Emits;
  /** A new version is expected so often. When none has come in that time, merges that read the asset say that it is overdue. @default nothing is expected */
  readonly every?: Duration;
}

/** The same as the functions see it at run time, where the type of a row is gone. */
export type LooseOptions = Omit<CommonOptions<unknown, unknown>, "key" | "timeout" | "every" | "stagedBytes"> & {
  readonly stagedBytes?: number | string | false;
  readonly every?: string;
  readonly key?: readonly string[];
  readonly timeout?: string;
};
