/** How an asset is cut into partitions, as data. `null` elsewhere means: not partitioned. */
export type PartitionsSpec = TimePartitions | ListedPartitions | BucketPartitions | ProductPartitions;

export type TimeGrain = "hour" | "day" | "week" | "month";

/**
 * Consecutive windows of local time in a time zone. Keys name the window's start:
 * `2001-01-31T05:00Z` for hours (always in UTC, so that a repeated local hour keeps its own key), `2001-01-31` for days, the Monday's date for weeks, `2001-01` for months.
 */
export interface TimePartitions {
  readonly kind: "time";
  readonly grain: TimeGrain;
  /** First window, as a date or date-time that a window begins at. */
  readonly start: string;
  /** Exclusive end; `null` means that windows appear as time passes (a window exists once it has ended). */
  readonly end: string | null;
  /** IANA name. */
  readonly timeZone: string;
}

export interface ListedPartitions {
  readonly kind: "listed";
  readonly keys: readonly string[];
}

/** Hash buckets, with keys `0` … `count - 1`. */
export interface BucketPartitions {
  readonly kind: "buckets";
  readonly count: number;
}

/** Every pair of a key of the first and a key of the second, written `first|second`. */
export interface ProductPartitions {
  readonly kind: "product";
  readonly first: Exclude<PartitionsSpec, ProductPartitions>;
  readonly second: Exclude<PartitionsSpec, ProductPartitions>;
}

/** Which partitions of an upstream asset a partition reads. */
export type MappingSpec =
  | { readonly kind: "same" }
  | { readonly kind: "all" }
  | { readonly kind: "latest" }
  | { readonly kind: "last"; readonly count: number }
  | { readonly kind: "offset"; readonly by: number };
