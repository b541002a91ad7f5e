import type { Check, CheckMeasurement } from "@watersmeet/core/gate";
import type { MergePolicy } from "@watersmeet/core/merge";
import type { Row, RowSchema } from "@watersmeet/core/schema";
import type { AssetKey, Json, PartitionKey } from "@watersmeet/core/values";

/** An asset as a store keeps it. */
export interface StoredAsset {
  readonly key: AssetKey;
  readonly schema: RowSchema;
  /** False: full refresh, whole tables behind a view. True: rows of all partitions side by side in `live`, superseded ones in `hist`. */
  readonly isPartitioned: boolean;
}

/** A committed version of (asset, partition). `version` is a small integer, dense per asset, given by the store at commit. */
export interface VersionRef {
  readonly partition: PartitionKey;
  readonly version: number;
}

/** What a step reads of one input: pinned versions, by literal. */
export interface InputVersions {
  readonly asset: StoredAsset;
  readonly versions: readonly VersionRef[];
}

/** Where an attempt puts its rows: visible to nobody, deleted when abandoned. */
export interface StageTarget {
  readonly asset: StoredAsset;
  readonly partition: PartitionKey;
  /** Unique per attempt, `[a-z0-9_]{1,40}`; names the staging tables. */
  readonly attempt: string;
}

/** A sealed file of rows that crosses a process boundary. Parquet between children and DuckDB; CSV where Postgres is on one side. See `exchange/`. */
export interface ExchangeFile {
  readonly path: string;
  readonly format: "parquet" | "csv";
  readonly schema: RowSchema;
  readonly rowCount: number;
}

/** A SELECT whose inputs are relations named `input_0`, `input_1` … in the order of `inputs`; placeholders are `$1`, `$2` … */
export interface StagedQuery {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  readonly inputs: readonly InputVersions[];
}

/** What a merge folds. A branch's rows are a query over its inputs; its identity makes the batch. */
export interface StagedMerge {
  readonly policy: MergePolicy;
  /**
   * Version whose batches these are added to: the `baseVersion` of the commit to come. `null`: none, the merge starts anew.
   * @default the partition's latest commit, in whatever environment
   */
  readonly baseVersion?: number | null;
  readonly branches: readonly {
    readonly name: string;
    /** Columns that the branch delivers; the others of the merge are absent (not null). */
    readonly columns: readonly string[];
    readonly query: StagedQuery;
    /** Identity of what is delivered: the same key with the same digest is a duplicate; with another digest it supersedes the generation before. */
    readonly batchKey: string;
  }[];
}

export interface Staged {
  readonly target: StageTarget;
  readonly rowCount: number;
  readonly quarantinedCount: number;
  /** Of a merge: what each branch delivered. */
  readonly batches: readonly StagedBatch[];
  /** Of a merge: fate counts, e.g. `winner`, `superseded`, `duplicate`, `rejected`. They add up to the contributions read. */
  readonly fates: Readonly<Record<string, number>>;
}

export interface StagedBatch {
  readonly branch: string;
  readonly batchKey: string;
  readonly batchId: string;
  readonly generation: number;
  readonly digest: string;
  readonly rowCount: number;
  readonly outcome: "admitted" | "duplicate" | "superseding";
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
  /** Opaque facts kept in the store's own ledger row, so that a record can be rebuilt from the store alone. */
  readonly record: Json;
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
  stageQuery(target: StageTarget, query: StagedQuery, signal?: AbortSignal): Promise<Staged>;
  stageMerge(target: StageTarget, merge: StagedMerge, signal?: AbortSignal): Promise<Staged>;
  /** Writes staged rows to a file in `directory` (made by the caller), for checks that only a child can make. */
  exportStaged(staged: Staged, directory: string): Promise<ExchangeFile>;
  /** One pass over the staged rows. */
  measure(staged: Staged, checks: readonly Check[], signal?: AbortSignal): Promise<Measurement>;
  /** All or none, in one transaction; the results are in the order of the requests. @throws {STORE_STALE} @throws {STORE_COMMIT_UNKNOWN} */
  commit(requests: readonly CommitRequest[]): Promise<readonly Commit[]>;
  findCommits(commitIds: readonly string[]): Promise<readonly Commit[]>;
  /** Commits with a greater sequence than `after`, oldest first: for reconciling the ledger when the store is opened. */
  listCommits(options: {
    readonly after: bigint;
    readonly limit: number;
  }): Promise<readonly (Commit & { readonly sequence: bigint })[]>;
  listHeads(environment: string, asset: AssetKey): Promise<readonly StoreHead[]>;
  /** Streams in chunks of some thousand rows; memory is bounded whatever the size. */
  readRows(
    input: InputVersions,
    options?: { readonly limit?: number; readonly signal?: AbortSignal },
  ): AsyncIterable<readonly Row[]>;
  /** Writes the rows to a file in `directory` for a child process; the same versions give the same file name, an existing file is used again. */
  exportFile(input: InputVersions, directory: string): Promise<ExchangeFile>;
  /** Moves the head of one (asset, partition) to a version that exists. A `moveId` that the store has seen moves nothing again: each wish to move needs its own. @throws {STORE_VERSION_UNKNOWN} */
  revert(options: {
    readonly environment: string;
    readonly asset: StoredAsset;
    readonly partition: PartitionKey;
    readonly version: number;
    readonly moveId: string;
  }): Promise<Commit>;
  /** Drops what an attempt staged. */
  discard(target: StageTarget): Promise<void>;
  /** Drops stagings whose attempt is not in the list. */
  discardAbandoned(liveAttempts: readonly string[]): Promise<number>;
}
