import type { Json } from "@watersmeet/core/values";
import type { NewEvent } from "../../ledger/events.ts";
import type { StoredBreaker } from "./read-breakers.ts";
import type { BreakerMove } from "./rules/decide-breaker.ts";

/** What is told of a breaker that moved by itself. */
export function describeMove(breaker: StoredBreaker, move: BreakerMove): readonly NewEvent[] {
  const { resource } = breaker;
  if (move.kind === "probed") return [];
  if (move.kind === "close") {
    const openedAt = breaker.openedAt?.toISOString() ?? null;
    return [{ kind: "breaker:closed", body: { resource, by: "watersmeet", openedAt } }];
  }
  const body: Json = {
    resource,
    reason: move.reason,
    until: move.retryAt.toISOString(),
    failedProbes: move.failedProbes,
  };
  return [{ kind: move.failedProbes === 0 ? "breaker:opened" : "breaker:reopened", body }];
}
