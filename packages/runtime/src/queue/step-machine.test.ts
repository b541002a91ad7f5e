import fc from "fast-check";
import { expect, test } from "vitest";
import type { FailureClass, StepFailure } from "../step/step.ts";
import { crashesUntilPoison, decideMove, type AttemptOutcome } from "./step-machine.ts";

const policy = { maxAttempts: 3, minDelayMs: 100, maxDelayMs: 1000 };
const fresh = { failures: 0, crashes: 0, isRunCancelled: false };

function failedAs(
  failureClass: FailureClass,
  retryAfterMs: number | null = null,
): AttemptOutcome & { readonly failure: StepFailure } {
  const failure = { class: failureClass, code: "X", message: "", hint: null, stack: null, details: null, retryAfterMs };
  return { kind: "failed", failure };
}

test("only a failure that may pass is tried again, as often as allowed", () => {
  const retry = { policy, random: 0 };
  expect(decideMove(fresh, failedAs("transient"), retry).state).toBe("ready");
  expect(decideMove({ ...fresh, failures: 2 }, failedAs("transient"), retry)).toMatchObject({
    state: "failed",
    failures: 3,
  });
  for (const kind of ["permanent", "data", "poison"] as const) {
    expect(decideMove(fresh, failedAs(kind), retry).state).toBe("failed");
  }
});

test("pauses are jittered over a growing bound and never leave their limits", () => {
  fc.assert(
    fc.property(fc.nat(60), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, random) => {
      const move = decideMove({ ...fresh, failures }, failedAs("transient"), {
        policy: { ...policy, maxAttempts: 100 },
        random,
      });
      if (move.state !== "ready") throw new Error("not tried again");
      expect(move.delayMs).toBeGreaterThanOrEqual(policy.minDelayMs);
      expect(move.delayMs).toBeLessThanOrEqual(policy.maxDelayMs);
    }),
  );
});

test("a failure that says when to come back is obeyed", () => {
  expect(decideMove(fresh, failedAs("transient", 7000), { policy, random: 0.5 })).toMatchObject({
    state: "ready",
    delayMs: 7000,
  });
});

test("a lost worker is no attempt, but the third is poison", () => {
  const lost: AttemptOutcome = { kind: "lost", workerId: "7" };
  const retry = { policy, random: 0 };
  for (let crashes = 0; crashes < crashesUntilPoison - 1; crashes++) {
    expect(decideMove({ ...fresh, crashes }, lost, retry)).toMatchObject({
      state: "ready",
      failures: 0,
      crashes: crashes + 1,
      delayMs: 0,
    });
  }
  expect(decideMove({ ...fresh, crashes: 2 }, lost, retry)).toMatchObject({
    state: "failed",
    failure: { class: "poison", code: "WORKER_LOST" },
  });
});

test("in a run that is being cancelled nothing becomes ready again", () => {
  const outcomes: readonly AttemptOutcome[] = [
    failedAs("transient"),
    { kind: "lost", workerId: "1" },
    { kind: "released" },
    { kind: "cancelled" },
  ];
  for (const outcome of outcomes) {
    expect(decideMove({ ...fresh, isRunCancelled: true }, outcome, { policy, random: 0 }).state).toBe("cancelled");
  }
});

test("a step that is handed back has lost nothing", () => {
  expect(decideMove({ ...fresh, failures: 1, crashes: 1 }, { kind: "released" }, { policy, random: 0 })).toEqual({
    state: "ready",
    failures: 1,
    crashes: 1,
    delayMs: 0,
    failure: null,
  });
});
