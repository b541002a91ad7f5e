/**
 * Which of the ticks that passed while nothing ran are run afterwards: the last one; none that is more than a minute late; all of them, oldest first; or the last few.
 * How many were left out is recorded.
 */
export type CatchUp = "last" | "none" | "all" | { readonly max: number };

/** Later than that, a tick counts as missed. */
export const missedAfterMs = 60_000;

/** The ticks that are run of those that are due, ascending, and how many are not. */
export interface CaughtUp {
  readonly run: readonly number[];
  readonly missedCount: number;
}

/** Ticks are instants in milliseconds since 1970 UTC, ascending; only the newest are kept, however many there are. */
export function catchUp(ticks: Iterable<number>, policy: CatchUp, nowMs: number): CaughtUp {
  const limit = policy === "all" ? Number.POSITIVE_INFINITY : typeof policy === "object" ? policy.max : 1;
  const kept: number[] = [];
  let count = 0;
  for (const tick of ticks) {
    count++;
    kept.push(tick);
    if (kept.length > limit) kept.shift();
  }
  const run = policy === "none" ? kept.filter((tick) => nowMs - tick <= missedAfterMs) : kept;
  return { run, missedCount: count - run.length };
}
