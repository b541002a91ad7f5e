import fc from "fast-check";
import { expect, test } from "vitest";
import { defaultBreakerSettings as settings } from "../../../config/failure-terms.ts";
import { decideBreaker, openMs, phaseOf, type Breaker, type DecideInput, type SeenAttempt } from "./decide-breaker.ts";

const now = new Date("2026-11-24T12:00:00Z");
const earlier = new Date(now.getTime() - 1_000);
const later = new Date(now.getTime() + 1_000);

const closed: Breaker = { state: "closed", retryAt: null, openedAt: null, failedProbes: 0, probeOk: 0 };
const halfOpen: Breaker = { state: "open", retryAt: earlier, openedAt: earlier, failedProbes: 2, probeOk: 0 };

const ok: SeenAttempt = { observation: { kind: "ok" }, isProbe: false };
const bad: SeenAttempt = { observation: { kind: "bad", isUnreachable: true, throttledMs: null }, isProbe: false };
const told: SeenAttempt = { observation: null, isProbe: false };
const asProbe = (seen: SeenAttempt): SeenAttempt => ({ ...seen, isProbe: true });
const throttled = (throttledMs: number): SeenAttempt => ({
  observation: { kind: "bad", isUnreachable: false, throttledMs },
  isProbe: false,
});

const down = [{ workerId: "1", ok: 0, bad: 5, slow: 0, badStreak: 5, unreachableStreak: 5 }];

function decide(breaker: Breaker, seen: readonly SeenAttempt[], more: Partial<DecideInput> = {}) {
  return decideBreaker({ breaker, now, seen, counts: [], activeWorkers: 1, settings, random: 0.5, ...more });
}

test("what a breaker is follows from its row and the clock", () => {
  const phases = (state: Breaker["state"]) => [null, earlier, later].map((retryAt) => phaseOf({ state, retryAt }, now));
  expect(phases("open").slice(1)).toEqual(["halfOpen", "open"]);
  expect(phases("forcedOpen")).toEqual(["forcedOpen", "closed", "forcedOpen"]);
  expect(phases("disabled")).toEqual(["disabled", "closed", "disabled"]);
  expect(phases("closed")[0]).toBe("closed");
});

test("a closed breaker opens when what was counted says so, for the first span", () => {
  expect(decide(closed, [bad], { counts: down })).toEqual({
    kind: "open",
    retryAt: new Date(now.getTime() + settings.openMs),
    openedAt: now,
    failedProbes: 0,
    reason: "5 calls in a row did not get through",
  });
  expect(decide(closed, [bad], { counts: [] })).toBe(null);
  expect(decide(closed, [ok])).toBe(null);
});

test("a closed breaker opens at once for as long as the resource asks, the longest of several", () => {
  expect(decide(closed, [throttled(2_000), ok, throttled(7_000)])).toMatchObject({
    kind: "open",
    retryAt: new Date(now.getTime() + 7_000),
  });
  expect(decide(closed, [throttled(0)])).toBe(null);
});

test("while it is open, or held by hand, nothing that is counted moves it", () => {
  const seen = [bad, ok, throttled(60_000), asProbe(bad), asProbe(ok)];
  for (const state of ["open", "forcedOpen", "disabled"] as const) {
    expect(decide({ ...halfOpen, state, retryAt: later }, seen, { counts: down })).toBe(null);
  }
  expect(decide({ ...closed, state: "forcedOpen", retryAt: null }, seen, { counts: down })).toBe(null);
});

test("what was forced is as closed when its time has passed", () => {
  const over: Breaker = { ...closed, state: "forcedOpen", retryAt: earlier };
  expect(decide(over, [bad], { counts: down })).toMatchObject({ kind: "open", openedAt: now });
});

test("half-open, one failed probe opens it again for twice as long, as the same trouble", () => {
  expect(decide(halfOpen, [asProbe(ok), asProbe(bad)])).toEqual({
    kind: "open",
    retryAt: new Date(now.getTime() + settings.openMs * 8),
    openedAt: earlier,
    failedProbes: 3,
    reason: "a probe failed",
  });
});

test("half-open, enough probes that succeed close it, in one recording or in several", () => {
  expect(decide(halfOpen, [asProbe(ok)])).toEqual({ kind: "probed", probeOk: 1 });
  expect(decide({ ...halfOpen, probeOk: 2 }, [asProbe(ok)])).toEqual({ kind: "close" });
  expect(decide(halfOpen, [asProbe(ok), asProbe(ok), asProbe(ok)])).toEqual({ kind: "close" });
});

test("half-open, only probes count, and a probe that says nothing of the resource leaves it", () => {
  expect(decide(halfOpen, [ok, ok, ok, bad])).toBe(null);
  expect(decide(halfOpen, [asProbe(told)])).toBe(null);
});

test("pauses between probes double up to a limit, give or take a fifth", () => {
  fc.assert(
    fc.property(
      fc.nat(2_000),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (failedProbes, random) => {
        const pauseMs = openMs(failedProbes, { settings, random });
        const boundMs = Math.min(settings.maxOpenMs, settings.openMs * 2 ** Math.min(failedProbes, 30));
        expect(pauseMs).toBeGreaterThanOrEqual(Math.floor(boundMs * 0.8));
        expect(pauseMs).toBeLessThanOrEqual(Math.ceil(boundMs * 1.2));
      },
    ),
  );
  expect([0, 1, 2, 6, 50].map((probes) => openMs(probes, { settings, random: 0.5 }))).toEqual([
    30_000, 60_000, 120_000, 1_800_000, 1_800_000,
  ]);
});
