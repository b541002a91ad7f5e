import type { BreakerSettings } from "../../../config/failure-terms.ts";
import { findTrip, type WorkerCounts } from "./find-trip.ts";
import type { Observation } from "./judge-attempt.ts";

/**
 * The breaker of a resource. All its moves are here and, by hand, in `control-breaker.ts`; each raises the generation.
 *
 *     closed ──trip──▶ open until retry_at ──time──▶ (half-open) ──enough probes succeed──▶ closed
 *                        ▲                               │
 *                        └───────a probe fails───────────┘
 *     any ──by hand──▶ forcedOpen | disabled until retry_at ──time, or by hand──▶ (as closed) ──by hand──▶ closed
 *
 * - closed: calls are let through and counted.
 * - open: no call begins. Steps wait, ready, and lose nothing.
 * - half-open: an open breaker whose time has passed. Not a state that is written: the clock of the database says it, the same for all workers. One probe
 *   finds out, then the others that are needed go together. A probe is a lease, so a permit cannot be lost with its worker.
 * - forcedOpen, disabled: somebody decided; nothing that is counted moves it. When its time has passed it is as closed.
 */
export type BreakerState = "closed" | "open" | "forcedOpen" | "disabled";

export interface Breaker {
  readonly state: BreakerState;
  readonly retryAt: Date | null;
  readonly openedAt: Date | null;
  readonly failedProbes: number;
  readonly probeOk: number;
}

/** What a breaker is at an instant. */
export type BreakerPhase = "closed" | "open" | "halfOpen" | "forcedOpen" | "disabled";

export function phaseOf({ state, retryAt }: Pick<Breaker, "state" | "retryAt">, now: Date): BreakerPhase {
  const isOver = retryAt !== null && retryAt <= now;
  if (state === "open") return isOver ? "halfOpen" : "open";
  return isOver ? "closed" : state;
}

/** What somebody's attempts came to, in one recording. */
export interface SeenAttempt {
  readonly observation: Observation;
  /** Whether it was let through as a probe. */
  readonly isProbe: boolean;
}

export type BreakerMove =
  | {
      readonly kind: "open";
      readonly retryAt: Date;
      readonly openedAt: Date;
      readonly failedProbes: number;
      readonly reason: string;
    }
  | { readonly kind: "probed"; readonly probeOk: number }
  | { readonly kind: "close" };

export interface DecideInput {
  readonly breaker: Breaker;
  readonly now: Date;
  readonly seen: readonly SeenAttempt[];
  /** With what was seen. */
  readonly counts: readonly WorkerCounts[];
  readonly activeWorkers: number;
  readonly settings: BreakerSettings;
  /** In [0, 1). */
  readonly random: number;
}

/** Pure. What becomes of a breaker; `null`: it stays. */
export function decideBreaker(input: DecideInput): BreakerMove | null {
  const phase = phaseOf(input.breaker, input.now);
  if (phase === "halfOpen") return decideProbed(input);
  if (phase !== "closed") return null;
  const throttledMs = longestThrottle(input.seen);
  if (throttledMs !== null) {
    const reason = `it asked to be left alone for ${Math.ceil(throttledMs / 1_000)} s`;
    return openUntil(input, { delayMs: throttledMs, failedProbes: 0, reason });
  }
  const reason = findTrip(input);
  if (reason === null) return null;
  return openUntil(input, { delayMs: openMs(0, input), failedProbes: 0, reason });
}

function decideProbed(input: DecideInput): BreakerMove | null {
  const { breaker, seen, settings } = input;
  const probes = seen.filter((each) => each.isProbe);
  const bad = probes.filter((each) => each.observation?.kind === "bad");
  if (bad.length > 0) {
    const failedProbes = Math.min(breaker.failedProbes + 1, 1_000);
    const delayMs = Math.max(openMs(failedProbes, input), longestThrottle(bad) ?? 0);
    return openUntil(input, { delayMs, failedProbes, reason: "a probe failed" });
  }
  const ok = probes.filter((each) => each.observation?.kind === "ok").length;
  if (ok === 0) return null;
  const probeOk = breaker.probeOk + ok;
  return probeOk >= settings.probes ? { kind: "close" } : { kind: "probed", probeOk };
}

function openUntil(
  { breaker, now }: DecideInput,
  opening: { readonly delayMs: number; readonly failedProbes: number; readonly reason: string },
): BreakerMove {
  return {
    kind: "open",
    retryAt: new Date(now.getTime() + opening.delayMs),
    openedAt: opening.failedProbes === 0 ? now : (breaker.openedAt ?? now),
    failedProbes: opening.failedProbes,
    reason: opening.reason,
  };
}

/** Doubles with every probe that failed, up to a limit, give or take a fifth, so that the breakers of one outage do not probe together. */
export function openMs(failedProbes: number, { settings, random }: Pick<DecideInput, "settings" | "random">): number {
  const boundMs = Math.min(settings.maxOpenMs, settings.openMs * 2 ** Math.min(failedProbes, 30));
  return Math.round(boundMs * (0.8 + 0.4 * random));
}

function longestThrottle(seen: readonly SeenAttempt[]): number | null {
  let longestMs: number | null = null;
  for (const { observation } of seen) {
    const throttledMs = observation?.kind === "bad" ? observation.throttledMs : null;
    if (throttledMs !== null && throttledMs > 0) longestMs = Math.max(longestMs ?? 0, throttledMs);
  }
  return longestMs;
}
