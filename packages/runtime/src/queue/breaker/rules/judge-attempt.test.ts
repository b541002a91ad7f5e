import { causes, type FailureCause } from "@watersmeet/core/errors";
import { expect, test } from "vitest";
import type { StepFailure } from "../../../step/step.ts";
import type { AttemptOutcome } from "../../step-machine.ts";
import { judgeAttempt } from "./judge-attempt.ts";

const nothing = { class: "transient", code: "X", message: "", hint: null, stack: null, details: null } as const;

function failed(members: Partial<StepFailure>): AttemptOutcome {
  return { kind: "failed", failure: { ...nothing, retryAfterMs: null, ...members } };
}

test("outages that user code met count, and nothing else of what it may meet", () => {
  const counted = (Object.keys(causes) as FailureCause[]).filter(
    (cause) => judgeAttempt(failed({ cause, isOfUserCode: true }), "api") !== null,
  );
  expect(counted).toEqual(["unreachable", "timedOut", "unavailable", "throttled", "exhausted"]);
});

test("what a store or we ourselves failed at, an exception of the code, a worker that died or a cancellation never counts", () => {
  const outcomes: readonly AttemptOutcome[] = [
    failed({ cause: "unreachable" }),
    failed({ isOfUserCode: true }),
    { kind: "lost", workerId: "7" },
    { kind: "released" },
    { kind: "cancelled" },
    { kind: "unchanged", commitId: "c" },
  ];
  expect(outcomes.map((outcome) => judgeAttempt(outcome, "api"))).toEqual(outcomes.map(() => null));
});

test("rows that a gate stopped have come: the resource is well", () => {
  const blocked: AttemptOutcome = { kind: "blocked", failure: { ...nothing, class: "data", retryAfterMs: null } };
  expect(judgeAttempt(blocked, "api")).toEqual({ kind: "ok" });
});

test("a failure that names its resource counts there only", () => {
  const outcome = failed({ cause: "unavailable", isOfUserCode: true, resource: "crm" });
  expect(judgeAttempt(outcome, "crm")).toEqual({ kind: "bad", isUnreachable: false, throttledMs: null });
  expect(judgeAttempt(outcome, "warehouse")).toBe(null);
});

test("how long a resource wants to be left alone is kept only of what it said itself", () => {
  const later = { retryAfterMs: 3_000, isOfUserCode: true };
  expect(judgeAttempt(failed({ ...later, cause: "throttled" }), "api")).toMatchObject({ throttledMs: 3_000 });
  expect(judgeAttempt(failed({ ...later, cause: "timedOut" }), "api")).toMatchObject({ throttledMs: null });
});
