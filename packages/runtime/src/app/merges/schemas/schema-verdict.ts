import type { Epoch, EpochField } from "@watersmeet/core/merge";
import type { Row } from "@watersmeet/core/schema";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import type { ColumnConsumer } from "./find-consumers.ts";

/** A form that a merge had. */
export interface SchemaEpoch extends Epoch {
  readonly registeredAt: string;
  /** Batches written in it that are still kept. */
  readonly batches: number;
  readonly note: string | null;
  readonly isPresent: boolean;
}

/** Whether what a merge keeps can be read in its present form. */
export interface SchemaVerdict {
  readonly asset: AssetKey;
  readonly isCompatible: boolean;
  /** What is wrong with the forms that were declared, among themselves and against those on record: a dropped column that comes back. Absent or empty: nothing. */
  readonly broken?: readonly { readonly message: string; readonly hint: string | null }[];
  readonly present: readonly EpochField[];
  readonly comparisons: readonly {
    readonly from: number;
    readonly changes: readonly {
      readonly field: string;
      readonly kind: string;
      readonly isCompatible: boolean;
      readonly text: string;
      /** Assets that read the merge; first those that name the column. */
      readonly consumers: readonly ColumnConsumer[];
    }[];
    /** An upcaster leads on. */
    readonly isBridged: boolean;
  }[];
  /** Of a check with `replay`. */
  readonly replay?: readonly SchemaReplay[];
  /**
   * Of a check with `replay`: the keys that the replayed batches speak of, made anew by the code as it is now, against what readers see. By partition. A change of the
   * code explains differences; the change of a form alone should make none.
   */
  readonly differences?: readonly {
    readonly partition: PartitionKey;
    readonly version: number;
    readonly comparedKeys: number;
    readonly differentKeys: number;
    /** Some of them, without rows where there are none of the key. */
    readonly samples: readonly {
      readonly key: string;
      readonly before: readonly Row[];
      readonly after: readonly Row[];
    }[];
    /** Why the merge could not be made anew; `null`: it could. */
    readonly failure: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
  }[];
}

/** What became of the rows of one real batch when they were read through the code as it is now. */
export interface SchemaReplay {
  readonly batchId: string;
  readonly epoch: number;
  readonly rowCount: number;
  /** Rows that an upcaster threw on, or that do not fit the present form. */
  readonly rejectedCount: number;
  /** Why, of some of them. */
  readonly reasons: readonly string[];
}
