import type { ResourceUse } from "@watersmeet/core";
import type { MaterializationId, RunId } from "../../ledger/records.ts";
import type { ClaimedStep, InputVersion } from "../../step/step.ts";
import type { HeldStep } from "../claim/take-ready.ts";
import type { AttemptOutcome, StepMove } from "../step-machine.ts";

/** What became of one attempt. */
export interface EndedAttempt {
  readonly step: HeldStep;
  readonly workerId: string;
  readonly outcome: AttemptOutcome;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  /** Versions that it read, and their records in the same order. */
  readonly inputs: readonly InputVersion[];
  readonly inputIds: readonly MaterializationId[];
  /** Of a merge: fingerprint of the orders that it carried out; `null`: there were none. */
  readonly orders: string | null;
  /** Code that it ran with, which its run may have left since. @default what was planned */
  readonly code?: Pick<ClaimedStep, "codeVersion" | "schemaVersion">;
}

/** A run while its row is locked: everything that moves its steps, but claims, waits here for its turn. */
export interface LockedRun {
  readonly id: RunId;
  readonly environment: string;
  /** Grows with every transaction that ends steps. */
  readonly revision: number;
  readonly isCancelling: boolean;
  readonly isRunning: boolean;
  /** Whether it may have only so many steps at a time. */
  readonly isLimited: boolean;
  /** Whether nothing of it was ever retried by a person. */
  readonly isFirstRound: boolean;
  /** Whether it was pinned to other code than it was planned with. */
  readonly isRepinned: boolean;
  /** Whether another run may have steps to run. */
  readonly hasRivals: boolean;
  /** Whether any partition, of any environment, is known to have ended badly. */
  readonly hasFailures: boolean;
  readonly requestedBy: string;
  readonly traceId: string;
  /** What the names of stores mean now; absent: nobody has opened it. */
  readonly storeIds: Readonly<Record<string, string>>;
}

/** An attempt whose step it still holds, with what becomes of it. */
export interface AcceptedAttempt {
  readonly ended: EndedAttempt;
  readonly run: LockedRun;
  readonly position: AssetPosition;
  readonly move: StepMove;
}

/** What is fixed of an asset in a run: its row of run_asset, without the counters. */
export interface AssetPosition {
  readonly position: number;
  readonly store: string;
  readonly maxAttempts: number;
  readonly lane: number;
  readonly priority: number;
  readonly resources: readonly ResourceUse[];
}
