import type { Json } from "@watersmeet/core/values";
import type { StepFailure, StepOutcome } from "../step/step.ts";
import { attemptLimit, backoffMs, uncountedLimit, type RetryPolicy } from "./retry/retry-policy.ts";

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
 * - waiting: inputs made by this run are missing; `pending` says how many there were when its round began, workers count from there. Nobody holds it.
 * - ready: may be claimed once `not_before` has passed.
 * - running: exactly one worker holds it, as attempt number `attempt`. Every claim raises the number, and every write names it, so a worker that was
 *   thought dead writes nothing.
 * - the others are endings: written once per round. A retry by a person opens a new round.
 *
 * Attempts that failed count in `failures`; a worker that dies does not fail the step, but a step whose workers die three times is the likely cause: poison.
 * An attempt that failed at a resource whose breaker is open does not count either, nor, up to a limit, one that was told when to come back or that met
 * another transaction.
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

/** The facts about a running step that its next state depends on. */
export interface RunningStep {
  /** Grows with every claim. */
  readonly attempt: number;
  readonly failures: number;
  readonly crashes: number;
  readonly isRunCancelled: boolean;
}

export const crashesUntilPoison = 3;

/** What is known of the resources of a step when an attempt of it has ended. */
export interface ResourceOutlook {
  /** Of one that the worker must leave alone now. `until` is `null` when somebody has to close it by hand. */
  readonly open: { readonly resource: string; readonly until: Date | null; readonly reason: string } | null;
  /** Takes one retry from the budgets of the resources; gives the one that has none left. */
  readonly takeRetry: () => SpentBudget | null;
}

export interface SpentBudget {
  readonly resource: string;
  /** Within the window. */
  readonly attempts: number;
  readonly retries: number;
}

export interface MoveTerms {
  readonly policy: RetryPolicy;
  /** In [0, 1). */
  readonly random: number;
  /** @default no resources: nothing to heed */
  readonly outlook?: ResourceOutlook | undefined;
}

/** Pure, but for what it takes from a budget. */
export function decideMove(step: RunningStep, outcome: AttemptOutcome, terms: MoveTerms): StepMove {
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
      return decideFailed(step, outcome.failure, terms);
  }
}

function decideFailed(step: RunningStep, failure: StepFailure, terms: MoveTerms): StepMove {
  const { crashes } = step;
  const { policy, random, outlook } = terms;
  const failures = step.failures + 1;
  const { cause = "unknown" } = failure;
  if (failure.class !== "transient") return { state: "failed", failures, crashes, failure };
  if (outlook?.open != null && failure.isOfUserCode === true) {
    // Claims wait for the breaker; this only keeps its steps from coming back all at once.
    const delayMs = Math.round(random * policy.minDelayMs);
    return again(step, { failures: step.failures, crashes, delayMs, failure: describeOpen(failure, outlook.open) });
  }
  if (step.attempt < uncountedLimit(failure.retryAfterMs === null ? cause : "throttled", policy)) {
    const delayMs = pauseMs(failure, { attempts: step.attempt, policy, random });
    return again(step, { failures: step.failures, crashes, delayMs, failure });
  }
  if (failures >= attemptLimit(cause, policy)) return { state: "failed", failures, crashes, failure };
  const spent = outlook?.takeRetry() ?? null;
  if (spent !== null) return { state: "failed", failures, crashes, failure: describeSpent(failure, spent) };
  return again(step, { failures, crashes, delayMs: pauseMs(failure, { attempts: failures, policy, random }), failure });
}

/** Not before the other side said, and not all at once. */
function pauseMs(
  { retryAfterMs, cause = "unknown" }: StepFailure,
  { attempts, policy, random }: Pick<MoveTerms, "policy" | "random"> & { readonly attempts: number },
): number {
  if (retryAfterMs !== null) return retryAfterMs + Math.round(random * policy.minDelayMs);
  return backoffMs(attempts, cause, { policy, random });
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

/** The step's word for it; the attempt keeps its own failure. */
function describeOpen(failure: StepFailure, open: NonNullable<ResourceOutlook["open"]>): StepFailure {
  const until = open.until === null ? "somebody closes its breaker" : open.until.toISOString();
  return {
    ...failure,
    code: "BREAKER_OPEN",
    message: `${open.resource} is left alone until ${until} (${open.reason}); this attempt does not count: ${failure.message}`,
    hint: "The step goes on by itself. `watersmeet breaker list` shows the breaker; `watersmeet breaker close` ends the wait.",
    details: {
      resource: open.resource,
      until: open.until?.toISOString() ?? null,
      failure: { code: failure.code, details: failure.details },
    },
  };
}

function describeSpent(failure: StepFailure, { resource, attempts, retries }: SpentBudget): StepFailure {
  return {
    ...failure,
    code: "RETRY_BUDGET_SPENT",
    message: `${resource} has had ${retries} retries among its last ${attempts} attempts, so this failure is not tried again: ${failure.message}`,
    hint: "Many steps fail at the same resource. Look at it, then retry the run; resources.<name>.retryBudget sets how much is tried again.",
    details: { resource, attempts, retries, failure: { code: failure.code, details: failure.details } },
  };
}
