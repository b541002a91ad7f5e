import { beginControl, decideLimit, restartLimit, type ControllerMemory } from "../controller.ts";
import type { Second } from "./simulate-resource.ts";

export type Policy = (heard: Second) => number;

export function fixedLimit(limit: number): Policy {
  return () => limit;
}

/** One more per success, a tenth less per failure: what many clients do. */
export function additiveIncrease(): Policy {
  let limit = 20;
  return ({ inFlight, slowdowns, failed }) => {
    for (let index = 0; index < slowdowns.length; index++) if (inFlight * 2 >= limit) limit += 1;
    for (let index = 0; index < failed; index++) limit = Math.max(1, limit * 0.9);
    limit = Math.min(200, limit);
    return limit;
  };
}

const tickSeconds = 15;

/** `restarts`: whether it hears that the breaker has closed. */
export function adaptiveLimit({ max = 64, restarts = true } = {}): Policy {
  let hasClosed = false;
  let memory: ControllerMemory = beginControl(4);
  let seen: number[] = [];
  let failed = 0;
  return ({ second, inFlight, ...heard }) => {
    seen.push(...heard.slowdowns);
    failed += heard.failed;
    hasClosed ||= restarts && heard.hasClosed;
    // Claims hold to it at once; the controller hears of it at its next tick.
    if (second === 0 || second % tickSeconds !== 0) return hasClosed ? restartLimit(memory.limit, 1) : memory.limit;
    const decision = decideLimit(
      memory,
      {
        nowMs: second * 1000,
        completed: seen.length,
        failed,
        heldUntilMs: heard.heldUntil === null ? null : heard.heldUntil * 1000,
        hasClosed,
        slowdown: medianOf(seen),
        inFlight,
        waiting: 1000,
        load: heard.hostLoad,
      },
      { min: 1, max },
    );
    if (decision.isConclusive) [seen, failed] = [[], 0];
    hasClosed = false;
    memory = decision.memory;
    return memory.limit;
  };
}

function medianOf(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}
