import type { BatchStanding, Fate, LateClass } from "@watersmeet/core/merge";
import type { Row } from "@watersmeet/core/schema";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import type { MaterializationId } from "../../../ledger/records.ts";

/** Why a row of a merge is as it is. */
export interface Explanation {
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly version: number;
  readonly cutId: string;
  /** Whether the version was joined by the rules that the code has now. Where it was not, this is what today's rules make of its batches. */
  readonly isByPresentRules: boolean;
  readonly key: Row;
  /** The row; `null` when the key has none in this version. Merges that keep several rows of a key give the first. */
  readonly row: Row | null;
  readonly cells: readonly ExplainedCell[];
  /** Latest delete of the key, and latest retract of each source. */
  readonly tombstones: readonly ExplainedContribution[];
  /** Everything else that was said of the key: superseded, masked, held, revoked, duplicated, rejected. Newest first. */
  readonly others: readonly ExplainedContribution[];
  readonly isConflict: boolean;
}

export interface ExplainedCell {
  readonly column: string;
  readonly policy: string;
  readonly value: unknown;
  readonly winners: readonly ExplainedContribution[];
  /** In the order in which they would win. */
  readonly runnersUp: readonly ExplainedContribution[];
}

export interface ExplainedContribution {
  readonly fate: Fate;
  readonly operation: "upsert" | "delete" | "retract";
  readonly branch: string;
  /** Cells that it says something of. */
  readonly cells: Row;
  /** What decides, in its order: `time 2001-01-31T00:00:00Z, trust 2, sequence 7, batch 3`. */
  readonly token: readonly { readonly part: string; readonly value: string }[];
  readonly lateClass: LateClass;
  readonly batch: {
    readonly batchId: string;
    readonly generation: number;
    readonly epoch: number;
    readonly standing: BatchStanding;
    readonly cursor: { readonly from: string | null; readonly to: string } | null;
    /** The step that made the delivery. */
    readonly origin: {
      readonly asset: AssetKey;
      readonly partition: PartitionKey;
      readonly version: number;
      readonly commitId: string;
      readonly materializationId: MaterializationId | null;
      readonly runId: string | null;
      readonly codeVersion: string;
      readonly traceId: string | null;
    } | null;
  };
}
