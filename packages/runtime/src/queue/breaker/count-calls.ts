import type { StoredCounts } from "./read-breakers.ts";
import type { Observation } from "./rules/judge-attempt.ts";

/** What one worker's attempts of one recording came to at a resource, in the order in which they ended. */
export interface SeenCall {
  readonly workerId: string;
  readonly observation: Observation;
  readonly isSlow: boolean;
}

export const noCounts: Omit<StoredCounts, "workerId"> = {
  ok: 0,
  bad: 0,
  slow: 0,
  attempts: 0,
  retries: 0,
  badStreak: 0,
  unreachableStreak: 0,
};

/** Counts with these calls added. A call that told nothing breaks no row. */
export function addCalls<C extends Omit<StoredCounts, "workerId">>(counts: C, calls: readonly SeenCall[]): C {
  let { ok, bad, slow, badStreak, unreachableStreak } = counts;
  for (const { observation, isSlow } of calls) {
    if (observation === null) continue;
    if (observation.kind === "ok") {
      ok += 1;
      slow += isSlow ? 1 : 0;
      badStreak = 0;
      unreachableStreak = 0;
      continue;
    }
    bad += 1;
    badStreak += 1;
    unreachableStreak = observation.isUnreachable ? unreachableStreak + 1 : 0;
  }
  return { ...counts, ok, bad, slow, badStreak, unreachableStreak };
}
