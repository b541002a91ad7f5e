import type { WaitPolicy } from "@watersmeet/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decideWait, type WaitLeg } from "./decide-wait.ts";

function terms(overrides: Partial<WaitPolicy> = {}): WaitPolicy {
  return { quorum: null, deadlineMs: null, required: [], ...overrides };
}

function leg(branch: string, state: WaitLeg["state"], overrides: Partial<WaitLeg> = {}): WaitLeg {
  return { branch, state, isOptional: false, openCount: state === "coming" ? 1 : 0, hasLastGood: true, ...overrides };
}

describe("a quorum", () => {
  const two = terms({ quorum: 2 });

  test("is not looked at while branches may still come", () => {
    const legs = [leg("a", "made"), leg("b", "made"), leg("c", "coming")];
    expect(decideWait(two, legs, false)).toEqual({ kind: "wait", isTimed: false });
  });

  test("lets a merge go on when the others have ended badly", () => {
    const legs = [leg("a", "made"), leg("b", "lost"), leg("c", "made")];
    expect(decideWait(two, legs, false)).toEqual({
      kind: "goOn",
      decision: { kind: "quorum", missing: ["b"], allowed: 2 },
    });
  });

  test("waits for what a lost branch still has to end", () => {
    const legs = [leg("a", "made"), leg("b", "lost", { openCount: 3 }), leg("c", "made")];
    expect(decideWait(two, legs, false)).toEqual({ kind: "wait", isTimed: false });
  });

  test("that cannot be reached any more is not waited for", () => {
    const legs = [leg("a", "coming"), leg("b", "lost"), leg("c", "lost")];
    expect(decideWait(two, legs, false)).toEqual({ kind: "giveUp", why: { kind: "tooFew", there: 1, needed: 2 } });
  });

  test("of more branches than there are is one of all", () => {
    expect(decideWait(terms({ quorum: 3 }), [leg("a", "made"), leg("b", "coming")], false)).toMatchObject({
      kind: "wait",
    });
    expect(decideWait(terms({ quorum: 3 }), [leg("a", "made"), leg("b", "lost")], false)).toMatchObject({
      kind: "giveUp",
    });
  });

  test("counts what the run does not make and was there before, and not what has no version", () => {
    expect(decideWait(two, [leg("a", "made"), leg("b", "standing"), leg("c", "lost")], false)).toMatchObject({
      kind: "goOn",
      decision: { kind: "quorum", missing: ["c"] },
    });
    expect(decideWait(two, [leg("a", "made"), leg("b", "absent"), leg("c", "lost")], false)).toMatchObject({
      kind: "giveUp",
      why: { kind: "tooFew", there: 1 },
    });
  });
});

describe("a deadline", () => {
  const minute = terms({ deadlineMs: 60_000 });

  test("begins with the first branch that is there", () => {
    expect(decideWait(minute, [leg("a", "coming"), leg("b", "coming")], false)).toEqual({
      kind: "wait",
      isTimed: false,
    });
    expect(decideWait(minute, [leg("a", "coming"), leg("b", "standing")], false)).toMatchObject({ isTimed: false });
    expect(decideWait(minute, [leg("a", "made"), leg("b", "coming")], false)).toEqual({ kind: "wait", isTimed: true });
  });

  test("that has passed lets a merge go on without what is still coming", () => {
    expect(decideWait(minute, [leg("a", "made"), leg("b", "coming"), leg("c", "lost")], true)).toEqual({
      kind: "goOn",
      decision: { kind: "deadline", missing: ["b", "c"], allowed: 60_000 },
    });
  });

  test("is not waited for when nothing that is missing can come any more", () => {
    expect(decideWait(minute, [leg("a", "made"), leg("b", "lost")], false)).toMatchObject({
      kind: "goOn",
      decision: { kind: "deadline", missing: ["b"] },
    });
  });

  test("does not lower the quorum", () => {
    const both = terms({ quorum: 2, deadlineMs: 60_000 });
    expect(decideWait(both, [leg("a", "made"), leg("b", "coming"), leg("c", "coming")], true)).toEqual({
      kind: "giveUp",
      why: { kind: "tooFew", there: 1, needed: 2 },
    });
    expect(decideWait(both, [leg("a", "made"), leg("b", "made"), leg("c", "coming")], true)).toMatchObject({
      kind: "goOn",
      decision: { kind: "deadline", missing: ["c"] },
    });
  });

  test("passes over a branch that has no version only when the merge can do without it", () => {
    const never = { hasLastGood: false };
    expect(decideWait(minute, [leg("a", "made"), leg("b", "coming", never)], true)).toEqual({
      kind: "giveUp",
      why: { kind: "neverMade", branches: ["b"] },
    });
    expect(
      decideWait(minute, [leg("a", "made"), leg("b", "coming", { ...never, isOptional: true })], true),
    ).toMatchObject({ kind: "goOn", decision: { missing: ["b"] } });
  });
});

test("a branch that is required and lost ends the waiting at once, and one that is late at the deadline", () => {
  const required = terms({ deadlineMs: 60_000, quorum: 1, required: ["a"] });
  const givenUp = { kind: "giveUp", why: { kind: "required", branches: ["a"] } };
  expect(decideWait(required, [leg("a", "lost", { openCount: 2 }), leg("b", "coming")], false)).toEqual(givenUp);
  expect(decideWait(required, [leg("a", "coming"), leg("b", "made")], true)).toEqual(givenUp);
  expect(decideWait(required, [leg("a", "made"), leg("b", "lost")], false)).toMatchObject({ kind: "goOn" });
});

const anyLeg = fc.record({
  state: fc.constantFrom<WaitLeg["state"]>("coming", "made", "lost", "standing", "absent"),
  isOptional: fc.boolean(),
  hasLastGood: fc.boolean(),
  open: fc.nat(2),
});

test("whatever the terms and branches: no wait outlives its deadline or the last step, and nothing is left out in silence", () => {
  fc.assert(
    fc.property(
      fc.array(anyLeg, { minLength: 1, maxLength: 8 }),
      fc.option(fc.integer({ min: 1, max: 8 })),
      fc.option(fc.constant(1000)),
      fc.nat(255),
      fc.boolean(),
      (drafts, quorum, deadlineMs, requiredBits, isDue) => {
        const legs = drafts.map(({ state, open, ...draft }, index): WaitLeg => {
          const openCount = state === "coming" ? open + 1 : state === "lost" ? open : 0;
          return { ...draft, branch: `b${index}`, state, openCount };
        });
        const required = legs.filter((_, index) => (requiredBits >> index) & 1).map((each) => each.branch);
        const verdict = decideWait({ quorum, deadlineMs, required }, legs, isDue);
        const missing = legs.filter((each) => each.state === "coming" || each.state === "lost");
        if (isDue || missing.every((each) => each.openCount === 0)) expect(verdict.kind).not.toBe("wait");
        if (verdict.kind !== "goOn") return;
        const told = verdict.decision.kind === "complete" ? [] : verdict.decision.missing;
        expect(told).toEqual(missing.map((each) => each.branch));
        expect(told.filter((branch) => required.includes(branch))).toEqual([]);
        if (told.length === 0) return;
        expect(legs.filter((each) => each.state === "made" || each.state === "standing").length).toBeGreaterThanOrEqual(
          quorum ?? 1,
        );
      },
    ),
  );
});
