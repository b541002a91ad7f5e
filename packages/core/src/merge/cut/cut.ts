import type { AssetKey } from "../../values/asset-key.ts";
import type { PartitionKey } from "../../values/partitions/partition-key.ts";

/** Where a source of a merge stands in its own time. `suspect` is overdue: it is reported and still waited for. */
export type LegState = "active" | "idle" | "finished" | "suspect" | "missing";

/** What one branch brought to a cut. Times are microseconds since 1970 in UTC, as decimal text. */
export interface CutLeg {
  readonly branch: string;
  /** Pinned versions, ordered by asset and partition. */
  readonly inputs: readonly CutInput[];
  /** SHA-256 over the ids of the batches that count. */
  readonly batchSet: string;
  /** How many batches count, and how many do not and why. */
  readonly batches: Readonly<Record<BatchStanding, number>>;
  /** Epochs that the counting batches were written in. */
  readonly epochs: readonly number[];
  readonly state: LegState;
  readonly watermark: string | null;
  /** Ranges of the source's cursor in which nothing was delivered, though something after them was. */
  readonly gaps: readonly { readonly from: string; readonly to: string }[];
  /** Whether the leg's newest work was not there, and its last good version was joined instead. */
  readonly isLastGood: boolean;
  /** How often its source is expected to deliver, and when it last did, ISO-8601 UTC. Absent: nothing is expected of it. */
  readonly cadence?: { readonly everyMs: number; readonly lastAt: string };
}

export interface CutInput {
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly version: number;
  readonly commitId: string;
  readonly dataDigest: string;
}

/** How a batch stands to a cut. */
export type BatchStanding = (typeof batchStandings)[number];

export const batchStandings = ["live", "superseded", "revoked", "held", "rejected"] as const;

/** Why a merge went on although not every branch was there. */
export type CutDecision =
  | { readonly kind: "complete" }
  | {
      readonly kind: "quorum" | "deadline";
      /** Branches without their newest work. */
      readonly missing: readonly string[];
      /** What the merge asked for: so many branches, or so many milliseconds. */
      readonly allowed: number;
    };

/**
 * The synchronization point of a merge: exactly what one version joins. A value: the same joined under the same rules has the same id (`nameCut`),
 * whoever joins it, when, and onto which version.
 */
export interface Cut {
  readonly cutVersion: 1;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly codeVersion: string;
  /** SHA-256 over policy, late terms and epoch chain. */
  readonly policyVersion: string;
  /** Form of the bytes by which keys are compared. Legs of different forms cannot be joined. */
  readonly joinKeys: { readonly columns: readonly string[]; readonly form: "key-1" };
  /** Epoch of the merge's schema that the rows are in. */
  readonly epoch: number;
  readonly legs: readonly CutLeg[];
  readonly decision: CutDecision;
  /** Least watermark of the legs that count; `null`: none is known. Microseconds, as text; `infinity` when all have finished. */
  readonly watermark: string | null;
  /** Whether every leg that has to be is past the end of the partition's window: nothing of it is still to come but late (M24 b). Absent: the partition has no window. */
  readonly isComplete?: boolean;
}
