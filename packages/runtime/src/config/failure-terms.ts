import type { FailureCause } from "@watersmeet/core/errors";

/** When the breaker of a resource opens and how it closes again. Complete, validated. */
export interface BreakerSettings {
  /** How far back calls are counted. @default 600000 */
  readonly windowMs: number;
  /** Fewer calls say nothing of a share; as many failures in a row, of whatever kind, open it. @default 10 */
  readonly minCalls: number;
  /** Share of failed calls that opens it. @default 0.5 */
  readonly failedShare: number;
  /** Share of slow calls that opens it: those that took four times as long as the asset's steps usually do. @default 0.8 */
  readonly slowShare: number;
  /** Calls in a row that did not get through at all. @default 5 */
  readonly unreachableInARow: number;
  /** How long it stays open the first time; doubles with each probe that fails. @default 30000 */
  readonly openMs: number;
  /** @default 1800000 */
  readonly maxOpenMs: number;
  /** Calls that must succeed for it to close: first one, then the others together. @default 3 */
  readonly probes: number;
  /** Whether the project has a function that finds out whether the resource is back, which goes before the first step. @default false */
  readonly hasProbe: boolean;
}

/**
 * Finds out, cheaply, whether an outside system answers again. It is well when this returns, and away when it throws, or returns a `Response` that is not ok. It
 * has ten seconds, and runs in a process of its own like all user code.
 */
export type BreakerProbe = (signal: AbortSignal) => unknown;

/** Source: operations.md 2.2 */
export const defaultBreakerSettings: BreakerSettings = {
  windowMs: 600_000,
  minCalls: 10,
  failedShare: 0.5,
  slowShare: 0.8,
  unreachableInARow: 5,
  openMs: 30_000,
  maxOpenMs: 1_800_000,
  probes: 3,
  hasProbe: false,
};

/** How many failures at a resource may be tried again, within ten minutes. */
export interface RetryBudget {
  /** Of the attempts. @default 0.2 */
  readonly share: number;
  /** However few attempts there were. @default 10 */
  readonly least: number;
}

export const defaultRetryBudget: RetryBudget = { share: 0.2, least: 10 };

/** Attempts in all after failures of one cause, where it is another number than the asset's. */
export type RetryLimits = Readonly<Partial<Record<FailureCause, number | undefined>>>;

/**
 * Conflicts of transactions end by themselves, so they are tried more often and sooner. A step that is told to come back later is not at fault, so those
 * attempts do not count; that they end at all is what this limit is for.
 */
export const defaultRetryLimits = { conflict: 10, throttled: 100 } as const satisfies RetryLimits;
