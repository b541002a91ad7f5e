import type {
  BatchStanding,
  CutDecision,
  Epoch,
  EpochField,
  Fate,
  LateClass,
  LegState,
  MergePolicy,
} from "@watersmeet/core/merge";
import type { Row } from "@watersmeet/core/schema";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import type { MaterializationId, RunRecord } from "../ledger/records.ts";
import type { BatchQuery, BatchRecord, CutRecord, StoredContribution } from "../stores/port/merge-records.ts";

/**
 * What people ask of merges and decide about them. Every decision is recorded with who made it and why, before anything moves; what follows from it is a run
 * like any other. @throws {ASSET_UNKNOWN} @throws {NOT_A_MERGE} by every function that takes a merge
 */
export interface MergeDesk {
  /** What a merge waits for, what it joined, what was left out and why: one for each partition that has a version or waits. */
  describe(asset: AssetKey): Promise<MergeOverview>;
  /** @throws {NOT_FOUND} when the partition has no such version */
  cut(asset: AssetKey, partition: PartitionKey, version?: number): Promise<CutRecord>;
  listCuts(
    asset: AssetKey,
    options: { readonly partition?: PartitionKey; readonly limit: number },
  ): Promise<readonly CutRecord[]>;
  listBatches(query: BatchQuery): Promise<readonly BatchRecord[]>;
  /** Batches in the holding area, of all merges when none is named. Newest first. */
  listLate(options: { readonly asset?: AssetKey; readonly limit: number }): Promise<readonly BatchRecord[]>;
  /** @throws {MERGE_BATCH_UNKNOWN} */
  showLate(
    batchId: string,
    limit: number,
  ): Promise<{ readonly batch: BatchRecord; readonly rows: readonly StoredContribution[] }>;
  /**
   * Admits held batches: those named, or all of a merge. What they belong to runs again, once, however many they are.
   * @throws {MERGE_BATCH_UNKNOWN} @throws {MERGE_PERIOD_CLOSED} when one is of a closed period and `overridesClosed` is not given
   */
  reconcile(request: HeldRequest & { readonly overridesClosed?: boolean }): Promise<OrderResult>;
  /** Declares that held batches will not count. They stay on record. */
  reject(request: HeldRequest): Promise<OrderResult>;
  /** Takes batches back: a new version is made from what remains. One that was not seen yet will not count when it comes. */
  revoke(request: RevokeRequest): Promise<OrderResult>;
  /**
   * Readers of one asset see what version `to` had. Of a merge: what was admitted since is revoked and a new version is made. Of another asset: the head
   * moves back and is pinned there until it is run with force.
   * @throws {STORE_VERSION_UNKNOWN}
   * @throws {ROLLBACK_TEARS} when other heads were built from what is rolled back and `cascade` is not given
   */
  rollback(request: {
    readonly asset: AssetKey;
    readonly partition?: PartitionKey;
    readonly to: number;
    readonly cascade: "refuse" | "run" | "leaveStale";
    readonly by: string;
    readonly reason: string;
    /** The same key gives the same run. */
    readonly idempotencyKey?: string;
  }): Promise<OrderResult>;
  /** @throws {NOT_FOUND} when nothing was ever said of the key @throws {KEY_INVALID} */
  explain(request: {
    readonly asset: AssetKey;
    readonly partition?: PartitionKey;
    /** Key cells as text, by column. */
    readonly key: Readonly<Record<string, string>>;
    readonly column?: string;
    readonly version?: number;
  }): Promise<Explanation>;
  /** In order of commit, newest first. */
  audit(asset: AssetKey, options: { readonly limit: number; readonly before?: string }): Promise<readonly AuditEntry[]>;
  schemaHistory(asset: AssetKey): Promise<readonly SchemaEpoch[]>;
  /**
   * Of each merge selected: the present form against every form that still has batches. With `replay`, the last so many real batches of each of those are
   * read through the code as it is now (M42).
   */
  checkSchemas(select: string, options?: { readonly replay?: number }): Promise<readonly SchemaVerdict[]>;
  /** Folds a sample of keys of the head again. A difference freezes the merge: nothing is published until `unfreeze`. */
  verify(
    asset: AssetKey,
    perMille: number,
  ): Promise<{ readonly sampledKeys: number; readonly differentKeys: readonly string[] }>;
  unfreeze(asset: AssetKey, by: string, reason: string): Promise<void>;
  /**
   * Removes what is older than the merge's retention and what nobody reads or builds on: versions, contributions, tombstones and batches alike. Merges without a
   * retention keep everything, and are left out.
   */
  collect(
    asset: AssetKey | "all",
    options: { readonly dryRun: boolean },
  ): Promise<
    readonly {
      readonly asset: AssetKey;
      readonly versions: number;
      readonly rows: number;
      readonly batches: number;
      readonly contributions: number;
    }[]
  >;
  /** Whether the fates of every version that readers see add up to all that was ever delivered for it (L14): for `doctor`. */
  checkConservation(asset: AssetKey): Promise<
    readonly {
      readonly partition: PartitionKey;
      readonly version: number;
      readonly delivered: number;
      readonly accounted: number;
      readonly isConserved: boolean;
    }[]
  >;
}

export interface MergeOverview {
  readonly asset: AssetKey;
  readonly policy: MergePolicy;
  readonly isFrozen: boolean;
  readonly partitions: readonly MergePartitionOverview[];
}

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

export interface HeldRequest {
  readonly asset: AssetKey;
  readonly batchIds: readonly string[] | "all";
  readonly by: string;
  readonly reason: string;
  /** The same key gives the same run. */
  readonly idempotencyKey?: string;
}

export interface RevokeRequest {
  readonly asset: AssetKey;
  readonly what:
    | { readonly kind: "batches"; readonly batchIds: readonly string[] }
    /** Batches of a branch, sealed from deliveries whose cursor or event times lie in the range; bounds are inclusive. */
    | { readonly kind: "source"; readonly branch: string; readonly from: string | null; readonly to: string | null }
    /** Batches whose delivery a run made. */
    | { readonly kind: "run"; readonly runId: string };
  readonly by: string;
  readonly reason: string;
  /** Tell what would be done, and do nothing. */
  readonly dryRun?: boolean;
  /** The same key gives the same run. */
  readonly idempotencyKey?: string;
}

export interface OrderResult {
  readonly batches: readonly BatchRecord[];
  readonly partitions: readonly PartitionKey[];
  /** Assets that are stale once the new version is there. */
  readonly descendants: readonly AssetKey[];
  /** The run that carries it out; `null`: nothing has to run. */
  readonly run: RunRecord | null;
}

/** Why a row of a merge is as it is. */
export interface Explanation {
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly version: number;
  readonly cutId: string;
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

/** One thing that happened to an asset. `sequence` orders them as they were committed. */
export interface AuditEntry {
  readonly sequence: string;
  readonly at: string;
  readonly kind:
    | "version:committed"
    | "head:moved"
    | "batch:admitted"
    | "batch:superseded"
    | "batch:held"
    | "batch:rejected"
    | "batch:revoked"
    | "epoch:registered"
    | "order:given"
    | "merge:frozen"
    | "merge:unfrozen";
  readonly partition: PartitionKey | null;
  readonly version: number | null;
  readonly by: string | null;
  readonly reason: string | null;
  /** One sentence. */
  readonly text: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface SchemaEpoch extends Epoch {
  readonly registeredAt: string;
  /** Batches written in it that are still kept. */
  readonly batches: number;
  readonly note: string | null;
  readonly isPresent: boolean;
}

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
      /** Assets that read the column. */
      readonly consumers: readonly AssetKey[];
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
