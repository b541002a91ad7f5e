/** What becomes of a wish to move a head to a version that was committed before. Pure. */
export type RevertDecision = "done" | "move" | "stale";

/**
 * A wish that is in the log, or that readers see fulfilled, is done. One that was made on the sight of a version (`expected`) is stale when readers see another
 * one by now: who looked and who moves are two moments, and somebody may have published in between.
 */
export function decideRevert(facts: {
  readonly isLogged: boolean;
  /** Version that readers see; `null`: none. */
  readonly seen: number | null;
  readonly version: number;
  /** `undefined`: wherever the head is. */
  readonly expected: number | null | undefined;
}): RevertDecision {
  if (facts.isLogged || facts.seen === facts.version) return "done";
  return facts.expected === undefined || facts.expected === facts.seen ? "move" : "stale";
}
