/**
 * What a step does that finds its own work committed already. Pure; versions of one partition.
 *
 * - absent: nobody has committed it. It is made.
 * - replay: readers see it. There is nothing to do.
 * - move: readers see the version that the step builds on: the commit was left behind since, and is wanted back.
 * - stale: readers see something else, which the step knows nothing of.
 */
export type Adoption = "absent" | "replay" | "move" | "stale";

export function decideAdoption(versions: {
  /** Of the commit; `null`: there is none. */
  readonly found: number | null;
  /** That readers see. */
  readonly seen: number | null;
  /** That the step builds on. */
  readonly base: number | null;
}): Adoption {
  const { found, seen, base } = versions;
  if (found === null) return "absent";
  if (seen === found) return "replay";
  return seen === base ? "move" : "stale";
}
