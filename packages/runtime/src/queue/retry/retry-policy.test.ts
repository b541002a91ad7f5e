import type { FailureCause } from "@watersmeet/core/errors";
import { causes } from "@watersmeet/core/errors";
import fc from "fast-check";
import { expect, test } from "vitest";
import { attemptLimit, backoffBoundMs, backoffMs, uncountedLimit, type RetryPolicy } from "./retry-policy.ts";

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

test("conflicts do not count at first, and are tried sooner; nothing is tried again where the asset says so", () => {
  const policy = { minDelayMs: 100, maxDelayMs: 60_000, maxAttempts: 3 };
  expect([uncountedLimit("unknown", policy), uncountedLimit("timedOut", policy)]).toEqual([0, 0]);
  expect([uncountedLimit("conflict", policy), uncountedLimit("throttled", policy)]).toEqual([10, 100]);
  expect(backoffBoundMs(30, "conflict", policy)).toBe(2_000);
  const once = { ...policy, maxAttempts: 1 };
  expect([uncountedLimit("conflict", once), uncountedLimit("throttled", once)]).toEqual([0, 100]);
});

test("a configured limit of a cause lowers the number of attempts, and never raises it", () => {
  const limits = { timedOut: 2, conflict: 4, unknown: 9 };
  const policy = { minDelayMs: 100, maxDelayMs: 60_000, maxAttempts: 5, limits };
  expect(attemptLimit("timedOut", policy)).toBe(2);
  expect(attemptLimit("unknown", policy)).toBe(5);
  expect([attemptLimit("conflict", policy), uncountedLimit("conflict", policy)]).toEqual([5, 4]);
});
