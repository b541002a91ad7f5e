import type { FailureCause } from "@watersmeet/core/errors";
import { causes } from "@watersmeet/core/errors";
import fc from "fast-check";
import { expect, test } from "vitest";
import { attemptLimit, backoffBoundMs, backoffMs, type RetryPolicy } from "./retry-policy.ts";

const anyCause = fc.constantFrom(...(Object.keys(causes) as FailureCause[]));
const anyPolicy: fc.Arbitrary<RetryPolicy> = fc
  .tuple(fc.integer({ min: 1, max: 60_000 }), fc.integer({ min: 1, max: 3_600_000 }), fc.integer({ min: 1, max: 100 }))
  .map(([minDelayMs, maxDelayMs, maxAttempts]) => ({ minDelayMs, maxDelayMs, maxAttempts }));

test("pauses lie between the smallest delay and a bound that never shrinks and never passes the largest", () => {
  fc.assert(
    fc.property(
      anyPolicy,
      anyCause,
      fc.nat(200),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (policy, cause, failures, random) => {
        const boundMs = backoffBoundMs(failures, cause, policy);
        expect(boundMs).toBeGreaterThanOrEqual(policy.minDelayMs);
        expect(boundMs).toBeLessThanOrEqual(Math.max(policy.minDelayMs, policy.maxDelayMs));
        expect(backoffBoundMs(failures + 1, cause, policy)).toBeGreaterThanOrEqual(boundMs);
        const delayMs = backoffMs(failures, cause, { policy, random });
        expect(delayMs).toBeGreaterThanOrEqual(policy.minDelayMs);
        expect(delayMs).toBeLessThanOrEqual(boundMs);
        expect(Number.isInteger(delayMs)).toBe(true);
      },
    ),
  );
});

test("jitter fills the whole range", () => {
  const policy = { minDelayMs: 100, maxDelayMs: 10_000, maxAttempts: 9 };
  expect(backoffMs(4, "unknown", { policy, random: 0 })).toBe(100);
  expect(backoffMs(4, "unknown", { policy, random: 0.999_999 })).toBe(1_600);
  expect(backoffMs(40, "unknown", { policy, random: 0.999_999 })).toBe(10_000);
});

test("conflicts are tried more often and sooner; nothing is tried again where the asset says so", () => {
  const policy = { minDelayMs: 100, maxDelayMs: 60_000, maxAttempts: 3 };
  expect(attemptLimit("unknown", policy)).toBe(3);
  expect(attemptLimit("conflict", policy)).toBe(10);
  expect(backoffBoundMs(30, "conflict", policy)).toBe(2_000);
  expect(attemptLimit("conflict", { ...policy, maxAttempts: 1 })).toBe(1);
});

test("a configured limit of a cause lowers the number of attempts", () => {
  const policy = {
    minDelayMs: 100,
    maxDelayMs: 60_000,
    maxAttempts: 5,
    limits: { timedOut: 2, conflict: 4, unknown: 9 },
  };
  expect(attemptLimit("timedOut", policy)).toBe(2);
  expect(attemptLimit("conflict", policy)).toBe(4);
  expect(attemptLimit("unknown", policy)).toBe(5);
});
