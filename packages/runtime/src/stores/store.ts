import type { Check, CheckMeasurement } from "@watersmeet/core/gate";
import type {
  BatchStanding,
  Cut,
  CutDecision,
  CutLeg,
  Epoch,
  EpochStep,
  LateClass,
  LatePolicy,
  LegState,
  MergeOrder,
  MergePolicy,
  Operation,
  Retention,
  WindowEnd,
} from "@watersmeet/core/merge";
import type { Row, RowSchema } from "@watersmeet/core/schema";
import type { AssetKey, Json, PartitionKey } from "@watersmeet/core/values";

/** An asset as a store keeps it. */
export interface StoredAsset {
  readonly key: AssetKey;
  readonly schema: RowSchema;
  /** False: full refresh, whole tables behind a view. True: rows of all partitions side by side in `live`, superseded ones in `hist`. */
  readonly isPartitioned: boolean;
  /**
   * True: a version is kept as the difference to the one before; rows that stay the same are stored once, stamped with the versions that have them. For merges.
   * An asset may become stamped; it stays so. @default false
   */
  readonly isStamped?: boolean;
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

/** What a merge folds. */
export interface StagedMerge {
  readonly policy: MergePolicy;
  /**
   * Version whose batches these are added to: the `baseVersion` of the commit to come. `null`: none, the merge starts anew.
   * @default the partition's latest commit, in whatever environment
   */
  readonly baseVersion?: number | null;
  readonly branches: readonly StagedBranch[];
  /** Decisions about batches, all that were ever made for the partition. @default none */
  readonly orders?: readonly MergeOrder[];
  /** Which rows belong to the partition; those of another one are counted and are no contributions. @default all that the branches deliver */
  readonly scope?: MergeScope;
  /** How lateness is judged; without it every row is on time. */
  readonly late?: LateTerms;
  /** Forms of the schema that were left behind, oldest first; the target's schema is the last. @default none: only one form is known */
  readonly epochs?: readonly EpochStep[];
  /** How long contributions and tombstones are kept. @default for ever */
  readonly retention?: Retention;
  /** What the cut says that only the caller knows; the store adds what it finds out and keeps it with the version. */
  readonly frame?: CutFrame;
  /** Keys that are folded again in full and compared, of 1,000. @default 0 */
  readonly shadowPerMille?: number;
  /** Fingerprints of the functions of columns with the policy `custom`, by column: part of the version of the rules. @default none */
  readonly reducers?: Readonly<Record<string, string>>;
  /** The author's functions, where epochs have upcasters or columns the policy `custom`. */
  readonly functions?: MergeFunctions;
}

/**
 * What a merge needs of the author's own code, which runs in a process of its own: rows go there and come back in sealed files. The store calls it while it
 * stages, with no transaction open. What it throws ends the staging; the caller knows what to make of it.
 */
export interface MergeFunctions {
  /** Where the store writes the files that it hands over: a folder of this attempt that exists. */
  readonly directory: string;
  /**
   * Brings upserted rows of an earlier form to the present one, through every upcaster on the way. The file's columns are `_ordinal` (bigint, unique), `_present` (text: a JSON array
   * of the columns that the row says something of; NULL: all of its form) and the form's columns, nullable, by the names that they have in it. The answer has `_ordinal`, `_present`
   * (never NULL), `_fault` (text; NULL when all went well, else the row counts as `upcastFailed`) and the target's columns, nullable: one row for each, in the same order.
   */
  upcast(request: {
    /** Index into `StagedMerge.epochs` of the form that the rows are in. */
    readonly from: number;
    readonly file: ExchangeFile;
  }): Promise<ExchangeFile>;
  /**
   * Joins the candidates of a column with the policy `custom`. The file's columns are `_group` (bigint, one number per key, ascending) and `value` (of the column's type), the
   * candidates of a group least token first. The answer has the same columns: one row for each group, ascending.
   */
  reduce(request: { readonly column: string; readonly file: ExchangeFile }): Promise<ExchangeFile>;
}

export interface StagedBranch {
  readonly name: string;
  /** Columns that the branch delivers, of the merge's schema and of its policy (event time, operation, sequence, present); the others are absent (not null). */
  readonly columns: readonly string[];
  /** What it hands over, oldest first. What is live already is not read again. */
  readonly deliveries: readonly Delivery[];
  /** Rows that a snapshot may lack of the one before, of 1,000. @default 500 */
  readonly shrinkPerMille?: number;
}

/** What a branch hands over for one partition of its input: it becomes a sealed batch. */
export interface Delivery {
  /** Identity within the merge's partition and branch: the same key with the same content is a duplicate. */
  readonly batchKey: string;
  readonly query: StagedQuery;
  /**
   * `state`: all that is to be said under its key; another content is the next generation and takes the place of the one before.
   * `changes`: stays beside the others; another content under its key is refused.
   * `snapshot`: as `changes`, kept as the difference to the batch of the branch before it.
   */
  readonly emits: "state" | "changes" | "snapshot";
  /** The producer's sequence of the batch: grows with every batch of a branch, whatever order they arrive in. */
  readonly sequence: bigint;
  /** Part of the source's cursor that it covers, e.g. a window; comparable as text. `null`: the source has none. */
  readonly cursor: { readonly from: string | null; readonly to: string } | null;
  /** What the producer declared with it. `watermark`: nothing older comes any more, microseconds as text. */
  readonly promise: { readonly watermark: string | null; readonly isFinished: boolean } | null;
  /** Where it comes from: shown by `explain`, never interpreted by the store. */
  readonly origin: BatchOrigin;
}

export interface BatchOrigin {
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly version: number;
  readonly commitId: string;
  readonly codeVersion: string;
  readonly runId: string | null;
  readonly traceId: string | null;
}

/** What a key column of a partition's rows holds: times from inclusive, to exclusive, in microseconds since 1970 as text (a date means its midnight in UTC), or one text. */
export type MergeScope =
  | { readonly column: string; readonly from: string; readonly to: string }
  | { readonly column: string; readonly equals: string };

export interface LateTerms {
  readonly policy: LatePolicy;
  /** Now, as judged by the caller: ISO-8601 UTC. Kept with what is judged by it. */
  readonly asOf: string;
  /** Window of the merge's partition, microseconds since 1970 as text, the end exclusive; `null`: it has none. */
  readonly window: { readonly from: string; readonly to: string } | null;
}

/** The part of a cut that the store does not know by itself. */
export interface CutFrame {
  readonly codeVersion: string;
  readonly decision: CutDecision;
  /** By branch. */
  readonly legs: Readonly<
    Record<string, Pick<CutLeg, "inputs" | "isLastGood" | "gaps" | "cadence"> & { readonly state?: LegState }>
  >;
  /** Now, as judged by the caller, ISO-8601 UTC: by it a leg is overdue. @default that of the late terms */
  readonly asOf?: string;
  /** End of the partition's window, and which branches have to be past it. @default the partition has none */
  readonly window?: WindowEnd;
}

export interface Staged {
  readonly target: StageTarget;
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

export interface StagedBatch {
  readonly branch: string;
  readonly batchKey: string;
  readonly batchId: string;
  readonly generation: number;
  readonly digest: string;
  readonly rowCount: number;
  /** `held` and `rejected`: rows that came too late, as a batch of their own; `refused` ones throw MERGE_BATCH_CONFLICT. */
  readonly outcome: "admitted" | "duplicate" | "superseding" | "held" | "rejected" | "revoked";
  readonly lateness?: Readonly<Partial<Record<LateClass, number>>>;
  /** Another live batch has the same content under another key. */
  readonly isSuspectDuplicate?: boolean;
  /** Rows that it was delivered with and that belong to other partitions: see `StagedMerge.scope`. @default 0 */
  readonly outsideCount?: number;
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
  /** Moves the head of one (asset, partition) to a version that exists. A `moveId` that the store has seen moves nothing again: each wish to move needs its own. @throws {STORE_VERSION_UNKNOWN} */
  revert(options: {
    readonly environment: string;
    readonly asset: StoredAsset;
    readonly partition: PartitionKey;
    readonly version: number;
    readonly moveId: string;
  }): Promise<Commit>;
  /** Commits of one partition with versions up to `upTo`, oldest first: the deliveries of an asset that emits changes or snapshots. */
  listVersions(options: {
    readonly environment: string;
    readonly asset: AssetKey;
    readonly partition: PartitionKey;
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
  /** Drops stagings whose attempt is not in the list. */
  discardAbandoned(liveAttempts: readonly string[]): Promise<number>;
}

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
