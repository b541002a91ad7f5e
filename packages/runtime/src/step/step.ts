import type { FailureCause, FailureClass } from "@watersmeet/core/errors";
import type { CutDecision, MergeOrder } from "@watersmeet/core/merge";
import type { RunReason } from "@watersmeet/core/plan";
import type { AssetKey, Json, PartitionKey } from "@watersmeet/core/values";
import type { RunId } from "../ledger/records.ts";
import type { Commit } from "../stores/store.ts";

/** One version that a step read. */
export interface InputVersion {
  readonly position: string;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly version: number;
  readonly commitId: string;
  readonly dataDigest: string;
}

/** A step that a worker holds: nobody else may write for this attempt. */
export interface ClaimedStep {
  readonly runId: RunId;
  readonly ordinal: number;
  readonly environment: string;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly reason: RunReason;
  readonly codeVersion: string;
  readonly schemaVersion: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** Unique; names stagings and fences writes. `[a-z0-9_]{1,40}` */
  readonly attemptId: string;
  readonly isForced: boolean;
  /** Pinned versions in the order of the manifest's inputs, then of partitions. */
  readonly inputs: readonly InputVersion[];
  /** Of a merge: decisions about its batches, and their fingerprint, which is part of the commit id. `null`: none were made. */
  readonly orders: { readonly fingerprint: string; readonly orders: readonly MergeOrder[] } | null;
  /** Of a merge: why it goes on without the newest work of some branches (`quorum`, `deadline`), by branch name. @default complete */
  readonly decision?: CutDecision;
  /** Version that readers see now; `null` when there is none. */
  readonly head: { readonly version: number; readonly commitId: string } | null;
  readonly traceId: string;
}

/** A failure as it is recorded: plain, and worded for the person who reads it at night. */
export interface StepFailure {
  readonly class: FailureClass;
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  /** Stack of user code, with paths relative to the project. */
  readonly stack: string | null;
  readonly details: Json;
  /** When the failing side said when to come back, in ms. */
  readonly retryAfterMs: number | null;
  /** What its codes tell of it: how often it is tried again. @default "unknown" */
  readonly cause?: FailureCause;
  /** Whether user code met it, which speaks to the step's resource: a store, or we ourselves, say nothing of that. @default false */
  readonly isOfUserCode?: boolean;
  /** Which of the step's resources it was met at, where the error says it. @default all of them */
  readonly resource?: string;
}

export interface StepTimings {
  readonly userMs: number;
  readonly stageMs: number;
  readonly gateMs: number;
  readonly commitMs: number;
}

/** What became of an attempt. */
export type StepOutcome =
  | {
      readonly kind: "committed";
      readonly commit: Commit;
      readonly sizeBytes: number;
      readonly quarantinedCount: number;
      /** What the step tells of itself: merge fates and batches, values of `ctx.report`. */
      readonly facts: Json;
      readonly timings: StepTimings;
    }
  /** The commit id equals that of the head: nothing to do. */
  | { readonly kind: "unchanged"; readonly commitId: string }
  /** A gate said no; the version before stays served. */
  | { readonly kind: "blocked"; readonly failure: StepFailure }
  | { readonly kind: "failed"; readonly failure: StepFailure }
  | { readonly kind: "cancelled" };

export interface StepLogLine {
  readonly at: string;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Json;
}

/** What a running attempt tells while it runs. */
export interface StepListener {
  log(line: StepLogLine): void;
  progress(done: number, total: number | null, message: string | null): void;
  /** The attempt has nothing to do any more but to wait for a commit that it shares with others: its slot may go to another one. */
  publishing?(): void;
}

/** Runs attempts. The worker calls it; `runStep` in this folder implements it. */
export interface StepExecutor extends AsyncDisposable {
  /** Never rejects for what user code or a store does: that is an outcome. Ends within a second of the signal. */
  execute(step: ClaimedStep, listener: StepListener, signal: AbortSignal): Promise<StepOutcome>;
  /** Steps that will be executed soon, as the same objects: what each of them would ask a store for is asked for together. Never rejects. */
  expect?(steps: readonly ClaimedStep[]): Promise<void>;
}
