import type { FailureClass } from "@watersmeet/core/errors";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { StepFailure } from "../step/step.ts";
import { crashesUntilPoison, decideMove, type AttemptOutcome } from "./step-machine.ts";

const policy = { maxAttempts: 3, minDelayMs: 100, maxDelayMs: 1000 };
const fresh = { attempt: 1, failures: 0, crashes: 0, isRunCancelled: false };

function failedAs(
  failureClass: FailureClass,
  members: Partial<StepFailure> = {},
): AttemptOutcome & { readonly failure: StepFailure } {
  const failure = {
    class: failureClass,
    code: "X",
    message: "",
    hint: null,
    stack: null,
    details: null,
    retryAfterMs: null,
    ...members,
  };
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

test("a failure that says when to come back is obeyed, not before and not all at once, and does not count", () => {
  const later = failedAs("transient", { retryAfterMs: 7000, cause: "throttled" });
  expect(decideMove({ ...fresh, failures: 2 }, later, { policy, random: 0 })).toMatchObject({
    state: "ready",
    failures: 2,
    delayMs: 7000,
  });
  expect(decideMove(fresh, later, { policy, random: 0.5 })).toMatchObject({ delayMs: 7050 });
  // It ends all the same.
  expect(decideMove({ ...fresh, attempt: 100 }, later, { policy, random: 0 })).toMatchObject({
    state: "ready",
    failures: 1,
  });
  expect(decideMove({ ...fresh, attempt: 100, failures: 99 }, later, { policy, random: 0 }).state).toBe("failed");
});

test("a conflict of transactions does not count at first", () => {
  const conflict = failedAs("transient", { cause: "conflict" });
  expect(decideMove({ ...fresh, attempt: 9 }, conflict, { policy, random: 0 })).toMatchObject({
    state: "ready",
    failures: 0,
  });
  expect(decideMove({ ...fresh, attempt: 10 }, conflict, { policy, random: 0 })).toMatchObject({
    state: "ready",
    failures: 1,
  });
  const once = { policy: { ...policy, maxAttempts: 1 }, random: 0 };
  expect(decideMove(fresh, conflict, once)).toMatchObject({ state: "failed", failures: 1 });
});

test("a failure at a resource whose breaker is open does not count, however often", () => {
  const open = {
    resource: "api",
    until: new Date("2026-11-24T12:00:00Z"),
    reason: "5 calls in a row did not get through",
  };
  const outlook = { open, takeRetry: () => null };
  const failed = failedAs("transient", { isOfUserCode: true, cause: "unreachable" });
  const move = decideMove({ ...fresh, attempt: 99, failures: 2 }, failed, { policy, random: 0.5, outlook });
  expect(move).toMatchObject({
    state: "ready",
    failures: 2,
    delayMs: 50,
    failure: {
      code: "BREAKER_OPEN",
      class: "transient",
      details: { resource: "api", until: "2026-11-24T12:00:00.000Z" },
    },
  });
  // What the code itself or a store failed at is not the breaker's matter.
  expect(decideMove({ ...fresh, failures: 2 }, failedAs("transient"), { policy, random: 0, outlook }).state).toBe(
    "failed",
  );
  expect(decideMove(fresh, failedAs("permanent", { isOfUserCode: true }), { policy, random: 0, outlook }).state).toBe(
    "failed",
  );
});

test("when the retry budget of its resource is spent, a step fails at once and says so", () => {
  const outlook = { open: null, takeRetry: () => ({ resource: "api", attempts: 40, retries: 10 }) };
  expect(decideMove(fresh, failedAs("transient"), { policy, random: 0, outlook })).toMatchObject({
    state: "failed",
    failures: 1,
    failure: { code: "RETRY_BUDGET_SPENT", class: "transient", details: { resource: "api", failure: { code: "X" } } },
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
