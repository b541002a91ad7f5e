import type { Check, CheckMeasurement } from "@watersmeet/core/gate";
import type { Cut } from "@watersmeet/core/merge";
import type { Row } from "@watersmeet/core/schema";
import type { AssetKey, Json, PartitionKey } from "@watersmeet/core/values";
import type { CollectOptions, Collected, MergeArchive } from "./port/merge-records.ts";
import type { StagedBatch, StagedMerge } from "./port/staged-merge.ts";
import type { ExchangeFile, InputVersions, StageTarget, StagedQuery, StoredAsset, VersionRef } from "./port/staging.ts";

export interface Staged {
  readonly target: StageTarget;
  /** The rows themselves, when `stageRows` has staged them: the store has nothing of them before the commit. */
  readonly rows?: readonly Row[];
  readonly rowCount: number;
  readonly quarantinedCount: number;
  /** Of a merge: what each branch delivered. */
  readonly batches: readonly StagedBatch[];
  /** Of a merge: fate counts, e.g. `winner`, `superseded`, `duplicate`, `rejected`. They add up to the contributions read. */
  readonly fates: Readonly<Record<string, number>>;
  /** Of a merge: what it joins. */
  readonly cut?: { readonly cutId: string; readonly cut: Cut };
  /** Of a merge that builds on a version: how much of it was folded again; `null`: all of it. */
  readonly delta?: { readonly baseVersion: number; readonly affectedKeys: number; readonly changedRows: number } | null;
  /** Of a stamped asset whose partition has a version: how this one differs from the latest, whatever heads point at. `null`: it was staged as a whole. */
  readonly difference?: VersionDifference | null;
  /** Of a merge: what the sampled second fold found. */
  readonly shadow?: { readonly sampledKeys: number; readonly differentKeys: readonly string[] };
}

export interface VersionDifference {
  /** The latest version. */
  readonly from: number;
  /** Rows that it has not, and rows of it that are gone. */
  readonly openedRows: number;
  readonly closedRows: number;
  /**
   * What `CommitRequest.rowChecks` said of the latest version. When it equals that of the present checks, all rows but the opened ones have passed them:
   * `exportStaged` with `rows: "opened"` writes those alone.
   */
  readonly rowChecks: string | null;
}

export interface Measurement {
  readonly rowCount: number;
  /** Hex; multiset digest of the canonical bytes of the rows: equal content, equal digest, on every engine and in any order. */
  readonly dataDigest: string;
  readonly sizeBytes: number;
  readonly checks: readonly CheckMeasurement[];
}

export interface CommitRequest {
  readonly commitId: string;
  readonly environment: string;
  readonly staged: Staged;
  readonly measurement: Measurement;
  /** Head that the work was based on; the commit is refused with STORE_STALE when readers see another one. `null`: there was none. */
  readonly baseVersion: number | null;
  /**
   * Heads of the environment that the work was read from and that must be where they were, looked at in the commit's own transaction: when one of them has moved,
   * the commit is refused with STORE_STALE (M25). @default none
   */
  readonly readSet?: readonly ReadHead[];
  /** Opaque facts kept in the store's own ledger row, so that a record can be rebuilt from the store alone. */
  readonly record: Json;
  /** Of a stamped asset: names the checks outside of the store that every row of the version has passed; see `VersionDifference`. @default none */
  readonly rowChecks?: string;
}

/** A version of an asset of the same store that readers saw when it was read. */
export interface ReadHead extends VersionRef {
  readonly asset: AssetKey;
}

export interface Commit {
  readonly commitId: string;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly version: number;
  readonly rowCount: number;
  readonly dataDigest: string;
  readonly record: Json;
  readonly committedAt: string;
  /** True when the id had been committed before and this call changed nothing but, where needed, the head. */
  readonly isReplay: boolean;
}

export interface StoreHead {
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly version: number;
  readonly commitId: string;
}

/**
 * A place that keeps the rows of assets in versions. It is the authority on what is committed and what readers see:
 * ledger row, rows and heads move in one transaction of the store. Adapters pass `test/store-contract.ts`.
 * Every operation is idempotent by attempt or commit id. A commit whose outcome is not known throws STORE_COMMIT_UNKNOWN: look the id up with `findCommits`.
 */
export interface Store extends AsyncDisposable {
  readonly name: string;
  readonly kind: string;
  /** Random, made with the store, kept in it: tells a store from another at the same address. */
  readonly storeId: string;
  /** Form of the files that `stageFile` takes from children: their names end in `.parquet` or `.csv`. */
  readonly exchangeFormat: ExchangeFile["format"];
  /** Makes tables and the readers' view of an asset; follows additive schema changes. */
  ensureAsset(asset: StoredAsset): Promise<void>;
  stageFile(target: StageTarget, file: ExchangeFile, signal?: AbortSignal): Promise<Staged>;
  /**
   * Few rows, in the form of a row parser: they stay with the caller until the commit, which writes those of many attempts with one statement. They measure and
   * commit as those of a file do. Not for stamped assets.
   */
  stageRows(target: StageTarget, rows: readonly Row[]): Promise<Staged>;
  stageQuery(target: StageTarget, query: StagedQuery, signal?: AbortSignal): Promise<Staged>;
  stageMerge(target: StageTarget, merge: StagedMerge, signal?: AbortSignal): Promise<Staged>;
  /**
   * Writes staged rows to a file in `directory` (made by the caller), for checks that only a child can make. `opened`: of a version that was staged as a
   * difference only the rows that the latest version has not. @default all
   */
  exportStaged(staged: Staged, directory: string, options?: { readonly rows: "all" | "opened" }): Promise<ExchangeFile>;
  /** One pass over the staged rows; over the opened ones only, where the version before has passed the same checks. The figures are those of the whole version. */
  measure(staged: Staged, checks: readonly Check[], signal?: AbortSignal): Promise<Measurement>;
  /** All or none, in one transaction; the results are in the order of the requests. @throws {STORE_STALE} @throws {STORE_COMMIT_UNKNOWN} */
  commit(requests: readonly CommitRequest[]): Promise<readonly Commit[]>;
  findCommits(commitIds: readonly string[]): Promise<readonly Commit[]>;
  /** Commits with a greater sequence than `after`, oldest first: for reconciling the ledger when the store is opened. */
  listCommits(options: {
    readonly after: bigint;
    readonly limit: number;
  }): Promise<readonly (Commit & { readonly sequence: bigint })[]>;
  /** In the order of their partitions. `partitions`: of those alone. */
  listHeads(environment: string, asset: AssetKey, partitions?: readonly PartitionKey[]): Promise<readonly StoreHead[]>;
  /** Streams in chunks of some thousand rows; memory is bounded whatever the size. */
  readRows(
    input: InputVersions,
    options?: { readonly limit?: number; readonly signal?: AbortSignal },
  ): AsyncIterable<readonly Row[]>;
  /** Writes the rows to a file in `directory` for a child process; the same versions give the same file name, an existing file is used again. */
  exportFile(input: InputVersions, directory: string): Promise<ExchangeFile>;
  /**
   * Moves the head of one (asset, partition) to a version that exists. A `moveId` that the store has seen moves nothing again: each wish to move needs its own.
   * @throws {STORE_VERSION_UNKNOWN} @throws {STORE_STALE} when readers see another version than `expected`
   */
  revert(options: {
    readonly environment: string;
    readonly asset: StoredAsset;
    readonly partition: PartitionKey;
    readonly version: number;
    readonly moveId: string;
    /** On the sight of which version the move was decided; `null`: of none. @default wherever the head is */
    readonly expected?: number | null;
  }): Promise<Commit>;
  /** Commits of one partition with versions from `from` up to `upTo`, both included, oldest first: the deliveries of an asset that emits changes or snapshots. */
  listVersions(options: {
    readonly environment: string;
    readonly asset: AssetKey;
    readonly partition: PartitionKey;
    /** @default the first that is there */
    readonly from?: number;
    readonly upTo: number;
  }): Promise<readonly Commit[]>;
  /**
   * Removes versions and the rows that only they have, whatever the layout, and of a merge the batches that they alone counted. Not for versions that a merge
   * takes as deliveries one by one (`emits`): those are needed for ever. What is kept reads the same.
   */
  collect(options: CollectOptions): Promise<Collected>;
  /** What merges keep beside their rows. */
  readonly merges: MergeArchive;
  /** Drops what an attempt staged. */
  discard(target: StageTarget): Promise<void>;
  /** Attempts that have something staged, whichever installation they are of. */
  listStaged(): Promise<readonly string[]>;
  /** Drops what these attempts staged; gives how many of them had something. */
  discardAttempts(attempts: readonly string[]): Promise<number>;
  /** Drops stagings whose attempt is not in the list. For who knows that nobody stages meanwhile. */
  discardAbandoned(liveAttempts: readonly string[]): Promise<number>;
}
