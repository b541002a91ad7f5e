import { beginControl, decideLimit, type ControllerMemory } from "../controller.ts";
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

export function adaptiveLimit(max = 64): Policy {
  let memory: ControllerMemory = beginControl(4);
  let seen: number[] = [];
  let failed = 0;
  return ({ second, inFlight, ...heard }) => {
    seen.push(...heard.slowdowns);
    failed += heard.failed;
    if (second === 0 || second % tickSeconds !== 0) return memory.limit;
    const decision = decideLimit(
      memory,
      {
        nowMs: second * 1000,
        completed: seen.length,
        failed,
        heldUntilMs: null,
        slowdown: medianOf(seen),
        inFlight,
        waiting: 1000,
        load: 0,
      },
      { min: 1, max },
    );
    if (decision.isConclusive) [seen, failed] = [[], 0];
    memory = decision.memory;
    return memory.limit;
  };
}

function medianOf(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}
