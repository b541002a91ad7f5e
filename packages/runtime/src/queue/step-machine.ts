import type { Json } from "@watersmeet/core/values";
import type { StepFailure, StepOutcome } from "../step/step.ts";

/**
 * What becomes of a step. All moves of steps are here, in `claim/take-ready.ts` (ready → running), in `control-run.ts` (cancel, retry), and for merges that wait in
 * `merge-wait/` (waiting → ready or failed).
 *
 *     waiting ──last input there──▶ ready ──claim──▶ running ──▶ succeeded | unchanged | blocked | failed | cancelled
 *        │                            ▲                 │
 *        │                            └─────────────────┘ another attempt may help; the worker died; handed back by a worker that stops
 *        ├──a needed input will not come──▶ upstreamFailed
 *        └──run cancelled──▶ cancelled      (from ready, too)
 *
 * - waiting: `pending` inputs made by this run are missing. Nobody holds it.
 * - ready: may be claimed once `not_before` has passed.
 * - running: exactly one worker holds it, as attempt number `attempt`. Every claim raises the number, and every write names it, so a worker that was
 *   thought dead writes nothing.
 * - the others are endings: written once per round. A retry by a person opens a new round.
 *
 * Attempts that failed count in `failures`; a worker that dies does not fail the step, but a step whose workers die three times is the likely cause: poison.
 */
export type AttemptOutcome =
  | StepOutcome
  | { readonly kind: "lost"; readonly workerId: string }
  | { readonly kind: "released" };

export type StepEnding = "succeeded" | "unchanged" | "blocked" | "failed" | "cancelled";

export type StepMove =
  | {
      readonly state: StepEnding;
      readonly failures: number;
      readonly crashes: number;
      readonly failure: StepFailure | null;
    }
  | {
      readonly state: "ready";
      readonly failures: number;
      readonly crashes: number;
      /** Milliseconds from now; 0: at once. */
      readonly delayMs: number;
      /** Why it is tried again; kept for who looks at a step that waits. */
      readonly failure: StepFailure | null;
    };

export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

/** The facts about a running step that its next state depends on. */
export interface RunningStep {
  readonly failures: number;
  readonly crashes: number;
  readonly isRunCancelled: boolean;
}

export const crashesUntilPoison = 3;

/** Pure. `random` is in [0, 1): full jitter, so that steps that failed together do not come back together. */
export function decideMove(
  step: RunningStep,
  outcome: AttemptOutcome,
  retry: { readonly policy: RetryPolicy; readonly random: number },
): StepMove {
  const { failures, crashes } = step;
  switch (outcome.kind) {
    case "committed":
      return { state: "succeeded", failures, crashes, failure: null };
    case "unchanged":
      return { state: "unchanged", failures, crashes, failure: null };
    case "cancelled":
      return { state: "cancelled", failures, crashes, failure: null };
    case "blocked":
      return { state: "blocked", failures: failures + 1, crashes, failure: outcome.failure };
    case "released":
      return again(step, { failures, crashes, delayMs: 0, failure: null });
    case "lost":
      return decideLost(step, outcome.workerId);
    case "failed":
      return decideFailed(step, outcome.failure, retry);
  }
}

function decideFailed(
  step: RunningStep,
  failure: StepFailure,
  retry: { readonly policy: RetryPolicy; readonly random: number },
): StepMove {
  const failures = step.failures + 1;
  const crashes = step.crashes;
  if (failure.class !== "transient" || failures >= retry.policy.maxAttempts) {
    return { state: "failed", failures, crashes, failure };
  }
  const delayMs = failure.retryAfterMs ?? backoffMs(failures, retry);
  return again(step, { failures, crashes, delayMs, failure });
}

/** Full jitter over an exponential bound, at least the smallest delay. */
function backoffMs(failures: number, retry: { readonly policy: RetryPolicy; readonly random: number }): number {
  const { minDelayMs, maxDelayMs } = retry.policy;
  const boundMs = Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(failures, 30));
  return Math.round(minDelayMs + retry.random * Math.max(0, boundMs - minDelayMs));
}

function decideLost(step: RunningStep, workerId: string): StepMove {
  const crashes = step.crashes + 1;
  const { failures } = step;
  if (crashes < crashesUntilPoison) return again(step, { failures, crashes, delayMs: 0, failure: null });
  const details: Json = { workerId, crashes };
  const failure: StepFailure = {
    class: "poison",
    code: "WORKER_LOST",
    message: `${crashes} workers ended while they held this step, so it is set aside`,
    hint: "Look for what takes the process down: memory, a native module, process.abort. Then retry the run.",
    stack: null,
    details,
    retryAfterMs: null,
  };
  return { state: "failed", failures, crashes, failure };
}

function again(step: RunningStep, move: Omit<Extract<StepMove, { state: "ready" }>, "state">): StepMove {
  if (!step.isRunCancelled) return { state: "ready", ...move };
  return { state: "cancelled", failures: move.failures, crashes: move.crashes, failure: move.failure };
}
