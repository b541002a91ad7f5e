import { causes, type FailureCause } from "@watersmeet/core/errors";
import type { Observation } from "./judge-attempt.ts";

/** What a probe met. */
export interface ProbeFailure {
  readonly cause: FailureCause;
  readonly retryAfterMs: number | null;
}

/** Pure. `null`: it returned. A probe that fails in another way than an outage tells nothing: it may be wrong itself. */
export function judgeProbe(failure: ProbeFailure | null): Observation {
  if (failure === null) return { kind: "ok" };
  const { cause, retryAfterMs } = failure;
  if (!causes[cause].isOutage) return null;
  return {
    kind: "bad",
    isUnreachable: cause === "unreachable",
    throttledMs: cause === "throttled" ? retryAfterMs : null,
  };
}
