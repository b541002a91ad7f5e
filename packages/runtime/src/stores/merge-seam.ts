import type { Column, RowSchema } from "@watersmeet/core/schema";
import type { MergeArchive } from "./port/merge-records.ts";
import type { StagedBatch, StagedMerge } from "./port/staged-merge.ts";
import type { ExchangeFile, InputVersions, StagedQuery, StageTarget } from "./port/staging.ts";
import type { SqlSession, SqlValue } from "./sql-session.ts";
import type { Staged } from "./store.ts";

/**
 * How merges plug into a store. An adapter has one `MergeEngine` (`duckdb/merge*.ts`, `postgres/merge*.ts`) and calls it at three moments:
 *
 * 1. `ensureTables` once per open store and asset, before the first `stage` of the asset: makes the merge's own tables in the schema
 *    `_watersmeet` (contributions, batches). Idempotent.
 * 2. `stage` from `Store.stageMerge`: reads the branches, writes contributions, the folded rows and rejected rows.
 *    Nothing that it writes is visible to anybody; a second call with the same attempt starts afresh.
 *    Contributions are written once, in place, in a short transaction of their own: until `publish` no cut names their batches.
 * 3. `publish` inside the transaction of `Store.commit`, after the ledger rows and before COMMIT: makes the staged batches and the cut part of
 *    the version, for all merges of the transaction at once. Whatever it throws rolls the whole transaction back.
 * 4. `discard` from `Store.discard` and `Store.discardAbandoned`, outside a transaction: deletes unpublished contributions.
 *
 * Staging tables whose names come from `stagingTable` are dropped by the adapter after the commit, by `discard` and when an attempt is abandoned.
 * On DuckDB they are in a database in memory (one transaction cannot write to it and to the file); on Postgres they are unlogged tables.
 */
export interface MergeEngine {
  ensureTables(session: SqlSession, asset: MergeAsset): Promise<void>;
  stage(host: MergeStageHost, merge: StagedMerge, signal: AbortSignal | undefined): Promise<MergeStaged>;
  publish(session: SqlSession, publications: readonly MergePublication[]): Promise<void>;
  /** Deletes what attempts left unpublished in the merges' own tables: of the `attempts` given, or of all `except` those that live. Idempotent. */
  discard(session: SqlSession, which: MergeDiscard): Promise<void>;
  /** Answers questions to the merges' own tables. */
  openArchive(access: MergeAccess): MergeReader;
}

/** `collect` is the store's: it removes rows and versions, too. */
export type MergeReader = Omit<MergeArchive, "collect">;

/** What a merge's archive works with. */
export interface MergeAccess {
  /** A connection outside a transaction, which the work has to itself: it begins one where statements belong together. */
  use<T>(work: (session: SqlSession) => Promise<T>): Promise<T>;
  /** A SELECT of rows at pinned versions, columns in schema order. To be made and run in one transaction. */
  renderVersions(session: SqlSession, input: InputVersions): Promise<string>;
}

export type MergeDiscard = { readonly attempts: readonly string[] } | { readonly except: readonly string[] };

/** An asset as the store numbers it: `a<assetId>_…` in `_watersmeet` names its tables. */
export interface MergeAsset {
  readonly assetId: number;
  readonly target: Pick<StageTarget, "asset">;
}

/** What `stage` works with. The session is outside a transaction: begin one where statements belong together. */
export interface MergeStageHost {
  readonly session: SqlSession;
  readonly assetId: number;
  readonly target: StageTarget;
  /** Quoted and qualified name of a staging table of this attempt, not created yet. `suffix` is `[a-z0-9_]{1,8}`. */
  stagingTable(suffix: string): string;
  /** `create table` with what the engine wants for staging: `create unlogged table` on Postgres. */
  readonly createStagingTable: string;
  /** SELECTs of queries' rows over their pinned inputs: the columns, in that order, cast to their types. To be made and run in one transaction. */
  renderQueries(
    queries: readonly StagedQuery[],
    columns: readonly Column[],
  ): Promise<readonly { readonly sql: string; readonly parameters: readonly SqlValue[] }[]>;
  /** A SELECT of rows at pinned versions, columns in schema order. For the merge's own earlier versions, or an input by itself. */
  renderVersions(input: InputVersions): Promise<string>;
  /** Stages the folded rows: a SELECT of the target's columns in schema order. Call it once. Answers their number. */
  stageRows(select: string, parameters?: readonly SqlValue[]): Promise<number>;
  /** The partition's latest version, whatever heads point at: a new version is kept as the difference to it. `null`: there is none, or the asset is not stamped. */
  readonly tip: { readonly version: number; readonly hasSameColumns: boolean } | null;
  /**
   * Stages a version as the difference to the tip, instead of `stageRows`: `rows` is a SELECT of folded rows, columns in schema order. `keys` is a staging table with
   * the key columns of all keys that may differ from the tip (keys that have no folded row are gone), `null`: `rows` is the whole version. Rows that are equal stay as they are.
   */
  stageChanges(change: {
    readonly rows: string;
    readonly parameters?: readonly SqlValue[];
    readonly keys: string | null;
  }): Promise<StagedChanges>;
  /**
   * Stages a version with the rows of an earlier one of the tip's line (`stamped_version.strand`), as the difference to the tip: all of them, or `folded.rows` instead of those whose
   * keys are in the staging table `folded.keys`. In a transaction that has found it there.
   */
  stageEarlier(earlier: {
    readonly version: number;
    readonly folded: { readonly rows: string; readonly keys: string } | null;
  }): Promise<StagedChanges>;
  /** Writes a SELECT's rows, columns in the order of the schema, to a sealed file for a child, complete or not there. `path` is without its ending. */
  exportRows(rows: {
    readonly select: string;
    readonly schema: RowSchema;
    readonly path: string;
  }): Promise<ExchangeFile>;
  /** Makes a staging table of a file's rows. */
  importRows(table: string, file: ExchangeFile): Promise<void>;
  /** Stages rejected rows: a SELECT of (source, reason, row_json), all text. Answers their number. */
  stageQuarantine(select: string, parameters?: readonly SqlValue[]): Promise<number>;
}

/** How a staged version differs from the tip. */
export interface StagedChanges {
  /** Of the whole version. */
  readonly rowCount: number;
  readonly openedRows: number;
  readonly closedRows: number;
}

/** What `stage` answers: goes into `Staged` as it is. */
export type MergeStaged = Pick<Staged, "batches" | "fates" | "cut" | "delta" | "shadow">;

/** One merge in a commit's transaction. Replays and reverts are not told: they publish nothing new. */
export interface MergePublication {
  readonly assetId: number;
  readonly target: StageTarget;
  readonly version: number;
  readonly commitId: string;
  readonly environment: string;
  /** Version that the merge was folded onto; `null`: the first. */
  readonly baseVersion: number | null;
  readonly batches: readonly StagedBatch[];
  stagingTable(suffix: string): string;
}
