import type { RunReason, SkipReason } from "@watersmeet/core/plan";
import type { AssetKey, Json, PartitionKey } from "@watersmeet/core/values";

export type RunId = string & { readonly "~brand": "RunId" };
export type MaterializationId = string & { readonly "~brand": "MaterializationId" };

/** Of a text that the ledger gave. */
export function toMaterializationId(text: string): MaterializationId {
  return text as MaterializationId;
}

/**
 * queued → running → succeeded | failed | cancelled; running ⇄ paused; running → cancelling → cancelled.
 * The last three are terminal and written once.
 */
export type RunState = "queued" | "running" | "paused" | "cancelling" | "succeeded" | "failed" | "cancelled";

/**
 * What becomes of the steps of a live run that have not begun when workers with other code register: they wait for a worker with the code that they were
 * planned with, go on with the new code, or the run is cancelled.
 */
export type OnDeploy = "pin" | "upgrade" | "abort";

/**
 * waiting (inputs not there yet) → ready → running → succeeded | unchanged | failed | blocked | cancelled; running → ready (retry, lost worker);
 * waiting → upstreamFailed | cancelled. From `succeeded` on, states are terminal and written once.
 */
export type StepState =
  | "waiting"
  | "ready"
  | "running"
  | "succeeded"
  | "unchanged"
  | "failed"
  | "blocked"
  | "upstreamFailed"
  | "cancelled";

export interface RunRecord {
  readonly id: RunId;
  readonly kind: "run" | "backfill";
  readonly environment: string;
  readonly state: RunState;
  readonly select: string;
  readonly partitions: string | null;
  readonly requestedBy: string;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly maxParallel: number | null;
  readonly onDeploy: OnDeploy;
  /** Why it was cancelled, when nobody asked for it. */
  readonly failure: Json;
  readonly stepCount: number;
  /** Skipped while planning, by reason kind. */
  readonly skipped: Readonly<Partial<Record<SkipReason["kind"], number>>>;
  readonly steps: Readonly<Record<StepState, number>>;
}

export interface StepRecord {
  readonly runId: RunId;
  readonly ordinal: number;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly state: StepState;
  readonly reason: RunReason;
  readonly attempt: number;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly notBefore: Date | null;
  readonly workerId: string | null;
  readonly progress: { readonly done: number; readonly total: number | null; readonly message: string | null } | null;
  readonly failure: Json;
  readonly materializationId: MaterializationId | null;
  readonly rowCount: number | null;
}

/** The record of one version. */
export interface Materialization {
  readonly id: MaterializationId;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly version: number;
  readonly commitId: string;
  readonly codeVersion: string;
  readonly schemaVersion: string;
  readonly dataDigest: string;
  readonly rowCount: number;
  readonly sizeBytes: number;
  readonly quarantinedCount: number;
  readonly facts: Json;
  readonly store: string;
  readonly environment: string;
  readonly runId: RunId | null;
  readonly attempt: number;
  readonly requestedBy: string;
  readonly traceId: string;
  readonly startedAt: Date;
  readonly committedAt: Date;
  readonly isHead: boolean;
  readonly inputs: readonly {
    readonly position: string;
    readonly asset: AssetKey;
    readonly partition: PartitionKey;
    readonly version: number;
    readonly commitId: string;
    readonly materializationId: MaterializationId | null;
  }[];
}

/** One entry of the append-only audit trail, in the order of `sequence`. */
export interface LedgerEvent {
  readonly sequence: string;
  readonly at: Date;
  /** `run:queued`, `run:started`, `run:finished`, `step:started`, `step:finished`, `head:moved`, `project:changed` … */
  readonly kind: string;
  readonly runId: RunId | null;
  readonly asset: AssetKey | null;
  readonly partition: PartitionKey | null;
  readonly body: Json;
}

/** Partitions of an asset by state, as a face shows them. */
export type PartitionStatus = "materialized" | "stale" | "missing" | "failed" | "running";

/** What a person, or the system, decided about an asset. */
export type DecisionKind = "revoke" | "admit" | "reject" | "rollback" | "freeze" | "unfreeze";
