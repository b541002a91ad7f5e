import { causes } from "@watersmeet/core/errors";
import type { AttemptOutcome } from "../../step-machine.ts";

/** What an attempt tells of a resource that it used. `null`: nothing. */
export type Observation =
  | { readonly kind: "ok" }
  | {
      readonly kind: "bad";
      /** Whether it did not get through at all. */
      readonly isUnreachable: boolean;
      /** The resource itself said when to come back. */
      readonly throttledMs: number | null;
    }
  | null;

/**
 * Pure. What counts: no connection, no answer in time, HTTP 5xx and 429, and a database that is overloaded, starts or stops, as user code met them.
 * What never counts: refusals (4xx), gates, exceptions of the code, cancellations, conflicts of transactions, a worker that died, and whatever a store or
 * we ourselves failed at.
 *
 * Source: operations.md 2.2
 */
export function judgeAttempt(outcome: AttemptOutcome, resource: string): Observation {
  // A gate stops rows that came: the resource answered.
  if (outcome.kind === "committed" || outcome.kind === "blocked") return { kind: "ok" };
  if (outcome.kind !== "failed") return null;
  const { isOfUserCode = false, cause = "unknown", retryAfterMs, resource: named } = outcome.failure;
  if (!isOfUserCode || !causes[cause].isOutage) return null;
  if (named !== undefined && named !== resource) return null;
  return {
    kind: "bad",
    isUnreachable: cause === "unreachable",
    throttledMs: cause === "throttled" ? retryAfterMs : null,
  };
}
