/**
 * What an attempt has staged of a stamped asset. `changes`: rows beside those of other attempts, each opened (`_sign` 1) or closed (-1); without a `base` all are
 * opened. `ownChanges`: the same in a table of its own, in which each closed row of a unique key says where it stands (`_row`). `whole`: a table of its own, which
 * publishing makes the table of a new strand.
 */
export interface StampedStaging {
  readonly form: "changes" | "ownChanges" | "whole";
  /** Strand and version that were the partition's latest when staging began: the commit is stale when they are not any more. */
  readonly seen: { readonly strand: number; readonly version: number } | null;
  /** Version that the changes are the difference to. */
  readonly isDifference: boolean;
  /** A version before that one in its strand, whose rows these are. */
  readonly earlier?: number;
  readonly openedRows: number;
  readonly closedRows: number;
  readonly key: RowKey;
  /** `null`: not measured yet. */
  readonly measured: MeasuredVersion | null;
}

/** What is kept of a version's measuring, for the one after it. */
export interface MeasuredVersion {
  /** Decimal digits, so that it can be kept as JSON. */
  readonly sums: readonly [string, string];
  /** Names the checks, when all rows have passed all of them. */
  readonly checksId: string | null;
}

/** Columns by which rows are found in a version; `isUnique`: no two have the same, and none is NULL there. */
export interface RowKey {
  readonly columns: readonly string[];
  readonly isUnique: boolean;
}
