import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import type { BatchQuery, BatchRecord, CutRecord, StoredContribution } from "../../stores/port/merge-records.ts";
import type { Explanation } from "./explain/explanation.ts";
import type { HeldRequest, OrderResult, RevokeRequest } from "./orders/order-request.ts";
import type { MergeOverview } from "./overview/merge-overview.ts";
import type { SchemaEpoch, SchemaVerdict } from "./schemas/schema-verdict.ts";

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
   * @throws {ROLLBACK_STAYS_OUT} when of a merge nothing was admitted since, and the version had what was revoked since
   * @throws {ROLLBACK_TEARS} when other heads were built from what is rolled back and `cascade` is not given
   */
  rollback(request: {
    readonly asset: AssetKey;
    readonly partition?: PartitionKey;
    readonly to: number;
    readonly cascade: "refuse" | "run" | "leaveStale";
    readonly by: string;
    readonly reason: string;
    /** The same key gives the same run; used for another order, it is refused with IDEMPOTENCY_CONFLICT. */
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
  ): Promise<{
    readonly sampledKeys: number;
    readonly differentKeys: readonly string[];
    /** Partitions that were not looked at: readers see a version of them that other rules made than those of the code now. */
    readonly byOtherRules: readonly PartitionKey[];
  }>;
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
