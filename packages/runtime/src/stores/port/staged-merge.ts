import type {
  CutDecision,
  CutLeg,
  EpochStep,
  LateClass,
  LatePolicy,
  LegState,
  MergeOrder,
  MergePolicy,
  Retention,
  WindowEnd,
} from "@watersmeet/core/merge";
import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import type { ExchangeFile, StagedQuery } from "./staging.ts";

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
  /**
   * Inputs of which the cut of `baseVersion` has everything up to a version: that stands as it does there and is not in `deliveries`, but for the delivery of that version itself. By it the
   * store sees whether what came before would be delivered as it was; where it would not, it asks for all deliveries. @default `deliveries` is everything
   */
  readonly continues?: {
    readonly inputs: readonly Pick<BatchOrigin, "asset" | "partition" | "version">[];
    listAll(): Promise<readonly Delivery[]>;
  };
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
