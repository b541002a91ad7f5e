import type { WaitPolicy } from "@watersmeet/core";
import type { CutDecision } from "@watersmeet/core/merge";

/**
 * One branch of a merge that waits.
 *
 *     coming ──every step that the merge reads ended well──▶ made
 *        ╰─────one of them ended badly─────────────────────▶ lost    (others may still run)
 *
 * A branch of which the run makes nothing stands as it is: `standing` with a version, `absent` without one. There is nothing newer to wait for.
 */
export interface WaitLeg {
  readonly branch: string;
  /** Whether the merge can do without any version of it. */
  readonly isOptional: boolean;
  readonly state: "coming" | "made" | "lost" | "standing" | "absent";
  /** Steps that have not ended. */
  readonly openCount: number;
  /** Whether every partition that the merge would have to do without has a version of old. */
  readonly hasLastGood: boolean;
}

export type WaitVerdict =
  /** `isTimed`: from now on, if it was not before. */
  | { readonly kind: "wait"; readonly isTimed: boolean }
  | { readonly kind: "goOn"; readonly decision: CutDecision }
  | { readonly kind: "giveUp"; readonly why: GiveUp };

/** Why a merge can never go on, or not within its time. */
export type GiveUp =
  | { readonly kind: "required"; readonly branches: readonly string[] }
  /** There is nothing to fall back on. */
  | { readonly kind: "neverMade"; readonly branches: readonly string[] }
  | { readonly kind: "tooFew"; readonly there: number; readonly needed: number };

/**
 * What a merge does whose branches stand so. Pure; the whole of the rules (M24, M26):
 *
 * - Everything there: it goes on, and nothing had to be decided.
 * - It never goes on without a branch that it requires, nor without a branch that has no version at all, unless that is optional, nor with fewer branches
 *   than `quorum` (without one: than one) there. As soon as that is certain it gives up, whatever time is left.
 * - When nothing that is missing can come any more, it goes on: the time that is left would change nothing.
 * - When its time has passed (`isDue`), it goes on without what is still coming, or gives up.
 * - Else it waits. Its time begins when the first branch that the run makes is there.
 */
export function decideWait(terms: WaitPolicy, legs: readonly WaitLeg[], isDue: boolean): WaitVerdict {
  const missing = legs.filter((leg) => leg.state === "coming" || leg.state === "lost");
  if (missing.length === 0) return { kind: "goOn", decision: { kind: "complete" } };
  const given = isDue ? missing : missing.filter((leg) => leg.state === "lost");
  const why = findGiveUp(terms, { legs, given });
  if (why !== null) return { kind: "giveUp", why };
  if (isDue) return { kind: "goOn", decision: decide(terms, missing, "deadline") };
  const isSettled = missing.every((leg) => leg.openCount === 0);
  if (isSettled)
    return { kind: "goOn", decision: decide(terms, missing, terms.quorum === null ? "deadline" : "quorum") };
  const hasBegun = legs.some((leg) => leg.state === "made");
  return { kind: "wait", isTimed: terms.deadlineMs !== null && hasBegun };
}

function findGiveUp(
  terms: WaitPolicy,
  { legs, given }: { readonly legs: readonly WaitLeg[]; readonly given: readonly WaitLeg[] },
): GiveUp | null {
  const required = given.filter((leg) => terms.required.includes(leg.branch));
  if (required.length > 0) return { kind: "required", branches: namesOf(required) };
  const neverMade = given.filter((leg) => !leg.isOptional && !leg.hasLastGood);
  if (neverMade.length > 0) return { kind: "neverMade", branches: namesOf(neverMade) };
  const needed = terms.quorum ?? 1;
  const there = legs.filter((leg) => leg.state !== "absent" && !given.includes(leg)).length;
  // With everything there, or still to come, no number of branches is too few.
  return given.length > 0 && there < needed ? { kind: "tooFew", there, needed } : null;
}

function namesOf(legs: readonly WaitLeg[]): readonly string[] {
  return legs.map((leg) => leg.branch);
}

function decide(terms: WaitPolicy, missing: readonly WaitLeg[], kind: "quorum" | "deadline"): CutDecision {
  return { kind, missing: namesOf(missing), allowed: (kind === "quorum" ? terms.quorum : terms.deadlineMs) ?? 0 };
}
