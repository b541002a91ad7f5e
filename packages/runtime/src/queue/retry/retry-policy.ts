import type { FailureCause } from "@watersmeet/core/errors";
import { defaultRetryLimits, type RetryLimits } from "../../config/failure-terms.ts";

export interface RetryPolicy {
  /** Attempts in all: the asset's own number, or the configuration's. */
  readonly maxAttempts: number;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** Attempts in all after failures of one cause, where it is another number. */
  readonly limits?: RetryLimits;
}

const defaults: RetryLimits = defaultRetryLimits;

/** Pauses after conflicts are as short as this allows. */
const conflictMaxDelayMs = 2_000;

/** Attempts that may count against a step, after a failure of this cause. */
export function attemptLimit(cause: FailureCause, { maxAttempts, limits }: RetryPolicy): number {
  const limit = isNobodysFault(cause) ? undefined : (limits?.[cause] ?? defaults[cause]);
  return Math.min(limit ?? maxAttempts, maxAttempts);
}

/** Up to which attempt failures of this cause do not count at all; 0: every one counts. */
export function uncountedLimit(cause: FailureCause, { maxAttempts, limits }: RetryPolicy): number {
  // Whoever allows one attempt wants no other, unless the other side itself says when.
  if (!isNobodysFault(cause) || (cause === "conflict" && maxAttempts === 1)) return 0;
  return limits?.[cause] ?? defaults[cause] ?? 0;
}

/** Two transactions met, or the other side asked for later: the step did nothing wrong. */
function isNobodysFault(cause: FailureCause): boolean {
  return cause === "conflict" || cause === "throttled";
}

/** What a pause never exceeds after so many attempts that failed: doubles, up to the largest delay. */
export function backoffBoundMs(failures: number, cause: FailureCause, policy: RetryPolicy): number {
  const maxMs = cause === "conflict" ? Math.min(policy.maxDelayMs, conflictMaxDelayMs) : policy.maxDelayMs;
  return Math.max(policy.minDelayMs, Math.min(maxMs, policy.minDelayMs * 2 ** Math.min(failures, 30)));
}

/** Full jitter between the smallest delay and the bound, so that steps that failed together do not come back together. `random` is in [0, 1). */
export function backoffMs(
  failures: number,
  cause: FailureCause,
  { policy, random }: { readonly policy: RetryPolicy; readonly random: number },
): number {
  const boundMs = backoffBoundMs(failures, cause, policy);
  return Math.round(policy.minDelayMs + random * (boundMs - policy.minDelayMs));
}
