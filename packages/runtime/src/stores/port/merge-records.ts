import type { BatchStanding, Cut, Epoch, EpochStep, LateClass, MergePolicy, Operation } from "@watersmeet/core/merge";
import type { Row } from "@watersmeet/core/schema";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import type { BatchOrigin, Delivery } from "./staged-merge.ts";
import type { StoredAsset } from "./staging.ts";

/** Questions to what a store knows of its merges. Pure reading, except for `collect`. */
export interface MergeArchive {
  /** Newest first. */
  listBatches(query: BatchQuery): Promise<readonly BatchRecord[]>;
  /** Cuts of a partition, newest version first. */
  listCuts(options: {
    readonly asset: AssetKey;
    readonly partition?: PartitionKey;
    readonly version?: number;
    readonly limit: number;
  }): Promise<readonly CutRecord[]>;
  /** Everything that was ever said of one key in a partition, whatever became of it: the material of `explain`. Key cells in their JavaScript form. */
  readContributions(options: {
    readonly asset: StoredAsset;
    readonly partition: PartitionKey;
    readonly key: Row;
    readonly limit: number;
  }): Promise<readonly StoredContribution[]>;
  /** Rows that a version has of one key. Key cells in their JavaScript form. */
  readRows(options: {
    readonly asset: StoredAsset;
    readonly partition: PartitionKey;
    readonly version: number;
    readonly key: Row;
  }): Promise<readonly Row[]>;
  /** Rows of one batch as they were delivered, for the holding area. */
  readBatchRows(options: {
    readonly asset: StoredAsset;
    readonly batchId: string;
    readonly limit: number;
  }): Promise<readonly StoredContribution[]>;
  /** Oldest first. */
  listEpochs(asset: AssetKey): Promise<readonly RegisteredEpoch[]>;
  /** Folds keys of a version again, in full, and names those whose rows are not what the version has. */
  checkShadow(options: {
    readonly asset: StoredAsset;
    readonly policy: MergePolicy;
    /** As `StagedMerge.epochs`. @default none */
    readonly epochs?: readonly EpochStep[];
    readonly partition: PartitionKey;
    readonly version: number;
    readonly perMille: number;
  }): Promise<{ readonly sampledKeys: number; readonly differentKeys: readonly string[] }>;
  /** Removes what no kept version, and no batch within the retention, needs any more. Answers what was removed. */
  collect(options: CollectOptions): Promise<Collected>;
}

/** A form that batches of a merge were written in. */
export interface RegisteredEpoch extends Epoch {
  /** ISO-8601 UTC. */
  readonly registeredAt: string;
  /** Published ones that are in its form. */
  readonly batches: number;
  /** What its author said of the change that led to it; `null`: nothing, as of the first. */
  readonly note: string | null;
}

export interface CollectOptions {
  readonly asset: StoredAsset;
  /** Heads and the latest version of each partition are kept in any case. */
  readonly keepVersions: readonly number[];
  readonly dryRun: boolean;
  /**
   * Of a merge that judges lateness: contributions of kept batches that can change nothing any more go, too. Those are of a time that lies further behind the
   * watermark than `keepMs`. @default none go
   */
  readonly settle?: SettleOptions;
}

export interface SettleOptions {
  readonly policy: MergePolicy;
  /** The merge's retention. */
  readonly keepMs: number;
  /** Ids of batches that are about to be taken back: they settle nothing. */
  readonly revoked: readonly string[];
}

/** What was removed; of a dry run, what would be. */
export interface Collected {
  readonly versions: number;
  readonly rows: number;
  readonly batches: number;
  readonly contributions: number;
}

export interface BatchQuery {
  readonly asset: AssetKey;
  readonly partition?: PartitionKey;
  readonly branch?: string;
  /** As the version's cut has it. @default the latest version */
  readonly version?: number;
  readonly standing?: BatchStanding;
  readonly batchIds?: readonly string[];
  readonly limit: number;
}

export interface BatchRecord {
  readonly batchId: string;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly branch: string;
  readonly batchKey: string;
  readonly generation: number;
  readonly epoch: number;
  readonly digest: string;
  readonly sequence: string;
  readonly rowCount: number;
  readonly duplicateCount: number;
  readonly rejectedCount: number;
  /** Rows that were delivered with it and belong to other partitions; they are in no other count. @default 0 */
  readonly outsideCount?: number;
  /** Microseconds, as text. */
  readonly eventTimes: { readonly least: string; readonly greatest: string } | null;
  readonly cursor: Delivery["cursor"];
  readonly promise: Delivery["promise"];
  readonly origin: BatchOrigin | null;
  readonly standing: BatchStanding;
  readonly lateness: Readonly<Partial<Record<LateClass, number>>>;
  readonly sealedAt: string;
  /** First version that it counts in; `null`: none yet. */
  readonly sinceVersion: number | null;
  /** Microseconds, as text: what it says of earlier times is settled, so that it cannot be taken back any more (M14). Absent: nothing of it. */
  readonly settledBefore?: string;
}

export interface CutRecord {
  readonly cutId: string;
  readonly cut: Cut;
  readonly version: number;
  readonly baseVersion: number | null;
  readonly committedAt: string;
  /** Contributions by fate. They add up to all that was delivered. */
  readonly fates: Readonly<Record<string, number>>;
}

export interface StoredContribution {
  readonly batchId: string;
  readonly branch: string;
  readonly standing: BatchStanding;
  readonly operation: Operation;
  /** Canonical key cells, in their JavaScript form. */
  readonly key: Row;
  /** Cells that it says something of, in the form of the present schema. */
  readonly cells: Row;
  /** Microseconds, as text. */
  readonly eventTimeUs: string | null;
  readonly sequence: string;
  readonly batchSequence: string;
  /** Position within the batch, where the producer promises one. @default 0 */
  readonly ordinal?: string;
  /** Which of the contributions of the batch with an equal token it is: see `Contribution.copy`. @default 0 */
  readonly copy?: number;
  readonly epoch: number;
  readonly lateClass: LateClass;
  /** Why it cannot count; `null`: it can. */
  readonly fault: string | null;
}
