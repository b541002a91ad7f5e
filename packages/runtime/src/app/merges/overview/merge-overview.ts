import type { BatchStanding, CutDecision, Fate, LegState, MergePolicy } from "@watersmeet/core/merge";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";

/** What a merge waits for and what it joined. */
export interface MergeOverview {
  readonly asset: AssetKey;
  readonly policy: MergePolicy;
  readonly isFrozen: boolean;
  readonly partitions: readonly MergePartitionOverview[];
}

/** The same of one partition. */
export interface MergePartitionOverview {
  readonly partition: PartitionKey;
  readonly version: number | null;
  readonly cutId: string | null;
  readonly committedAt: string | null;
  readonly decision: CutDecision | null;
  /** Microseconds as text; `infinity` when all sources have finished. */
  readonly watermark: string | null;
  readonly fates: Readonly<Partial<Record<Fate, number>>>;
  readonly legs: readonly {
    readonly branch: string;
    readonly state: LegState;
    readonly watermark: string | null;
    readonly isLastGood: boolean;
    readonly batches: Readonly<Record<BatchStanding, number>>;
    readonly inputs: readonly {
      readonly asset: AssetKey;
      readonly partition: PartitionKey;
      readonly version: number;
    }[];
    readonly gaps: readonly { readonly from: string; readonly to: string }[];
  }[];
  /** Branches whose newest work is not in the version, and why: sentences. */
  readonly waitingFor: readonly { readonly branch: string; readonly why: string }[];
  readonly held: number;
}
