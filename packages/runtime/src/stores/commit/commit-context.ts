import type { StagedRows } from "../catalog/move-rows.ts";
import type { Dialect } from "../dialect.ts";
import type { MergeEngine } from "../merge-seam.ts";
import type { StageTarget } from "../port/staging.ts";
import type { StampedStaging } from "../stamped/stamped-staging.ts";

/** Points at which a crash test stops the process. They tell where a transaction is; nothing else depends on them. */
export type CommitPhase =
  | "begun"
  | "ledgerWritten"
  | "headsMoved"
  | "rowsMoved"
  | "extrasMoved"
  | "committed"
  | "verified"
  | "cleaned";

/** What an attempt has staged, as its adapter knows it. */
export interface Staging {
  readonly rows: StagedRows;
  /** Quoted table of (source, reason, row_json); `null` when nothing was rejected. */
  readonly quarantineTable: string | null;
  readonly isMerge: boolean;
  stagingTable(suffix: string): string;
  /** Of a stamped asset: in which form its rows are staged. */
  readonly stamped: StampedStaging | null;
}

/** Filled in as it is read or written. */
export interface StoreFacts {
  /** The environment whose heads readers without Watersmeet see: that of the store's first commit. */
  liveEnvironment: string | null;
}

export interface CommitContext {
  readonly dialect: Dialect;
  readonly merge: MergeEngine;
  readonly committedAt: string;
  /** What the store says of itself for good. A publisher keeps what a transaction has found when it has committed. */
  readonly facts: StoreFacts;
  /** Stagings by attempt; those that are gone are missing. */
  findStagings(targets: readonly StageTarget[]): Promise<ReadonlyMap<string, Staging>>;
  onPhase(phase: CommitPhase): void | Promise<void>;
}
