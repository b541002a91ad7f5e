import type { LatePolicy } from "../../merge/late/late-policy.ts";
import type { RowPolicy } from "../../merge/policy.ts";
import type { Duration } from "../duration.ts";
import type { CommonOptions } from "../options.ts";
import type { AnySchema, ColumnName, Out } from "../schema-type.ts";
import type { CustomPolicy } from "./custom.ts";

/**
 * Options of `merge`. `K` are the key columns, `B` the branches, `E` the name of the event time, `X` those of the columns that say what a row does, `H` the schemas
 * that were left behind.
 */
export interface MergeOptions<
  O,
  K extends string,
  B,
  E extends string,
  X extends string = never,
  H extends readonly AnySchema[] = readonly AnySchema[],
> extends Omit<CommonOptions<O, unknown>, "key" | "emits"> {
  /** Columns that identify a row. Every branch delivers them. */
  readonly key: readonly K[];
  /** What becomes of the rows of a key. There is no default: only the author knows. */
  readonly policy: RowPolicy;
  /** Columns whose value is found in another way. */
  readonly columns?: { readonly [C in ColumnName<NoInfer<O>>]?: ColumnPolicy<NonNullable<O[C]>> };
  /** Rank of branches by name; greater is more trusted. @default 0 */
  readonly trust?: { readonly [N in keyof B]?: number };
  /** Column that says since when a row is true. Every branch delivers it; the schema need not have it. Without one all rows are equally old. */
  readonly eventTime?: E;
  /** Times in the same multiple of it count as equal, so that trust decides between them. @default none */
  readonly tolerance?: Duration;
  /** Column that says what a row does: `upsert`, `delete` or `retract`. Branches without it, and rows where it is null, upsert. The schema need not have it. */
  readonly operation?: X;
  /** Column with the producer's own order of rows of equal times, a whole number. The schema need not have it. */
  readonly sequence?: X;
  /** JSON column with the names of the columns that a row says something of; null: all that the branch delivers. The schema need not have it. */
  readonly present?: X;
  /**
   * Column of the key that says which partition a row belongs to: a date or timestamp within its window of time, or a text equal to its listed key. Then a branch may
   * read other partitions of its input too, and what belongs elsewhere is left to the other partitions.
   * @default each partition is a key space of its own, and all that its branches read belongs to it
   */
  readonly partitionBy?: NoInfer<K>;
  /** What becomes of rows that come late. @default they are taken as they come */
  readonly late?: LateOptions;
  /** For which branches the merge waits, and how long. @default for all, for ever */
  readonly wait?: WaitOptions<keyof B & string>;
  /**
   * Share of its rows that a snapshot of a branch may lack of the one before, from 0 to 1: an extract that ended early looks as if the rest were deleted, and is refused.
   * @default 0.5
   */
  readonly mayShrink?: { readonly [N in keyof B]?: number };
  /** How long contributions, deletes and the record of batches are kept behind the watermark. @default for ever */
  readonly retention?: { readonly keep: Duration };
  /** Forms of the schema that were left behind, oldest first; each leads to the next, the last to `schema`. */
  readonly epochs?: { readonly [I in keyof H]: EpochOptions<H[I], RowAfter<H, I, O>> };
}

/** How the value of a column whose values are `V` can be found. */
export type ColumnPolicy<V> = "recencyFirst" | "priorityFirst" | "first" | CustomPolicy<V> | PolicyOfType<V>;

// Distributive: a column of texts or numbers has what either has. `{}` is what is left of `unknown`.
type PolicyOfType<V> =
  | (V extends string | number | bigint | boolean ? "min" | "max" : never)
  | (V extends string | number | bigint ? "sum" : never)
  | (V extends number | bigint ? "count" : never)
  | (V extends readonly unknown[] ? "setUnion" : never)
  | ({} extends V ? "setUnion" : never);

/** What a merge does with rows that come after their time. */
export interface LateOptions {
  /** How long after its time has passed a row still amends what is published. */
  readonly grace: Duration;
  /** Later rows wait in the holding area, make a new version of the partitions they touch, or are recorded and left out. */
  readonly beyond: LatePolicy["beyond"];
  /** How far the rows of one branch may come out of order. @default none */
  readonly disorder?: Duration;
  /** How far ahead of now a time may be; a row that is further is set aside. @default "1d" */
  readonly maxFuture?: Duration;
  /** A day or an instant: rows of an earlier time are of a closed period and are held until somebody overrides the closing. */
  readonly closedBefore?: string;
  /** Rows that are older than this behind the watermark are always held. @default what `retention` keeps */
  readonly horizon?: Duration;
  /** No more versions because of late rows than `count` in `per`; what comes beyond is held. */
  readonly amendments?: { readonly count: number; readonly per: Duration };
}

/** For which branches a merge waits, and how long. */
export interface WaitOptions<N extends string> {
  /** So many branches must have their newest work; the others are joined as they were. @default all */
  readonly quorum?: number;
  /** After that time the merge goes on with the last good version of what is not there. @default never */
  readonly deadline?: Duration;
  /** Branches without which it never goes on. */
  readonly required?: readonly N[];
  /**
   * Whether a partition of time is joined only when all of its window has come: when the watermark of every branch, or of the `required` ones, is at its end or the branch has finished.
   * Producers say so with `ctx.watermark` and `ctx.finish`. @default false: what there is is joined, and the cut says whether it is complete
   */
  readonly complete?: boolean;
}

/** A form of the schema that was left behind. `N` is a row of the form after it. */
export interface EpochOptions<S extends AnySchema, N> {
  /** The zod object as it was. */
  readonly schema: S;
  /** What changed and why. */
  readonly note: string;
  /**
   * Brings a row to the form after it; pure. A column that the row says nothing of is not in it, and what the result leaves out is absent: never a default.
   * @default none: the change is compatible
   */
  // oxlint-disable-next-line typescript/no-generated-empty-object-type -- of no schema in particular there is no column
  readonly upcast?: (row: Said<Out<S>>) => Said<N>;
  /** Whether something is lost. @default false */
  readonly lossy?: boolean;
}

type Said<Row> = { readonly [C in keyof Row]?: Row[C] | undefined };

type RowAfter<H extends readonly AnySchema[], I, O> = I extends keyof RowsAfter<H, O> ? RowsAfter<H, O>[I] : never;
type RowsAfter<H extends readonly AnySchema[], O> = H extends readonly [
  AnySchema,
  ...infer T extends readonly AnySchema[],
]
  ? readonly [...{ [J in keyof T]: Out<T[J]> }, O]
  : readonly [];
