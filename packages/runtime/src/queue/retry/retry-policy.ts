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

/**
 * Attempts in all. A limit lowers an asset's number, but that of conflicts and throttles raises it, unless the asset says that nothing is to be tried
 * again.
 */
export function attemptLimit(cause: FailureCause, { maxAttempts, limits }: RetryPolicy): number {
  const limit = limits?.[cause] ?? defaults[cause];
  if (limit === undefined || maxAttempts === 1) return maxAttempts;
  return cause === "conflict" || cause === "throttled" ? limit : Math.min(limit, maxAttempts);
}

/** What a pause never exceeds after so many failures: doubles, up to the largest delay. */
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
