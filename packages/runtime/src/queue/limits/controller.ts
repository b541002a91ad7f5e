/**
 * Finds how many steps a resource answers well to, from how much longer they take than usual. Pure: one decision per tick, from what has been seen since the
 * last one. Source: operations.md 2.3.
 *
 * It grows by half while it finds out, then slowly, and only while the limit is what holds steps up; it shrinks with the slowdown, and at once when steps
 * fail. Tasks of minutes tell late: so every decision waits for enough of them.
 */
export interface ControllerMemory {
  readonly limit: number;
  /** What a slowdown of the unburdened resource looks like: follows good news at once, bad news hardly; `null`: nothing seen. */
  readonly base: number | null;
  /** Growing by half until something speaks against it. */
  readonly isStarting: boolean;
  /** No growth before then. */
  readonly coolUntilMs: number;
}

/** What has been seen since the decision before. */
export interface Tick {
  readonly nowMs: number;
  /** Steps that ended well, or whose failure says nothing of the resource. */
  readonly completed: number;
  /** Steps whose failure the resource is the likely cause of. */
  readonly failed: number;
  /** The resource asked for rest until then; `null`: it did not. */
  readonly heldUntilMs: number | null;
  /** Whether its breaker, which was open, has closed. */
  readonly hasClosed: boolean;
  /** Median of duration by expected duration; `null`: nothing has completed. */
  readonly slowdown: number | null;
  /** Units in use. */
  readonly inFlight: number;
  /** Steps that wait for the resource. */
  readonly waiting: number;
  /** Of the busiest worker: the largest of its shares of processor, memory and time of the event loop, in [0, 1]. */
  readonly load: number;
}

export interface ControllerDecision {
  readonly memory: ControllerMemory;
  /** Whether what was seen was enough; otherwise it counts for the next tick too. */
  readonly isConclusive: boolean;
  /** At most 1: by how much the slowdown says to shrink; `null`: it was not asked. */
  readonly gradient: number | null;
  /** One clause, for people. */
  readonly reason: string;
}

export function beginControl(limit: number): ControllerMemory {
  return { limit, base: null, isStarting: true, coolUntilMs: 0 };
}

/** A limit after the breaker has closed: what was well before the trouble may be too much after it. Source: operations.md 2.2. */
export function restartLimit(limit: number, min: number): number {
  return Math.max(min, limit * restartShare);
}

export const restartShare = 0.25;

const coolMs = 60_000;
const enough = 8;

export function decideLimit(
  memory: ControllerMemory,
  tick: Tick,
  bounds: { readonly min: number; readonly max: number },
): ControllerDecision {
  const clamp = (limit: number): number => Math.min(bounds.max, Math.max(bounds.min, limit));
  const hold = (reason: string, isConclusive: boolean): ControllerDecision => ({
    memory: { ...memory, limit: clamp(memory.limit) },
    isConclusive,
    gradient: null,
    reason,
  });
  if (tick.hasClosed) {
    // What ended until now tells of the trouble.
    const limit = clamp(restartLimit(memory.limit, bounds.min));
    const next = { ...memory, limit, isStarting: true, coolUntilMs: 0 };
    return { memory: next, isConclusive: true, gradient: null, reason: "its breaker has closed: it begins again" };
  }
  const ended = tick.completed + tick.failed;
  if (tick.heldUntilMs === null && tick.failed === 0 && ended < Math.min(enough, Math.ceil(memory.limit))) {
    return hold("too few steps have ended to tell", false);
  }
  const trouble = findTrouble(memory, tick);
  if (trouble !== null) {
    const coolUntilMs = Math.max(tick.heldUntilMs ?? 0, tick.nowMs + coolMs);
    const next = { ...memory, limit: clamp(memory.limit * 0.7), isStarting: false, coolUntilMs };
    return { memory: next, isConclusive: true, gradient: null, reason: trouble };
  }
  if (tick.load > 0.9) {
    const next = { ...memory, limit: clamp(memory.limit * 0.8), isStarting: false };
    return { memory: next, isConclusive: true, gradient: null, reason: "the workers are overloaded" };
  }
  if (tick.load > 0.8) return hold("the workers are busy", true);
  if (tick.slowdown === null) return hold("nothing has completed", true);
  return follow({ ...memory, base: followBase(memory.base, tick.slowdown) }, { tick, slowdown: tick.slowdown, clamp });
}

/** Steps that fail in the time after a cut were started before it: they do not call for another one. */
function findTrouble(memory: ControllerMemory, tick: Tick): string | null {
  if (tick.heldUntilMs !== null && tick.heldUntilMs > memory.coolUntilMs) return "the resource asked for rest";
  if (tick.nowMs < memory.coolUntilMs) return null;
  const isMuch = tick.failed >= 3 || tick.failed / (tick.completed + tick.failed) > 0.05;
  return isMuch ? `${tick.failed} of ${tick.completed + tick.failed} steps failed` : null;
}

function followBase(base: number | null, slowdown: number): number {
  if (base === null) return slowdown;
  return slowdown < base ? (base + slowdown) / 2 : base * 1.002;
}

/** What may be slower before it counts: durations scatter. */
const tolerance = 1.1;

function follow(
  memory: ControllerMemory & { readonly base: number },
  given: { readonly tick: Tick; readonly slowdown: number; readonly clamp: (limit: number) => number },
): ControllerDecision {
  const { tick, slowdown, clamp } = given;
  const { limit, base } = memory;
  const gradient = Math.min(1, Math.max(0.5, (tolerance * base) / slowdown));
  const decide = (next: number, isStarting: boolean, reason: string): ControllerDecision => ({
    memory: { ...memory, limit: clamp(next), isStarting },
    isConclusive: true,
    gradient,
    reason,
  });
  const isUsed = tick.inFlight >= 0.8 * Math.floor(limit) && tick.waiting > 0;
  if (gradient === 1 && !isUsed) return decide(limit, memory.isStarting, "the limit holds nothing up");
  if (gradient === 1 && tick.nowMs < memory.coolUntilMs) return decide(limit, false, "it rests after a failure");
  if (gradient === 1 && memory.isStarting) return decide(limit * 1.5, true, "as fast as alone: half as many more");
  const smoothed = 0.6 * limit + 0.4 * (gradient * limit + Math.max(1, 2 * Math.log10(limit)));
  const next = Math.min(1.25 * limit + 1, smoothed);
  const reason =
    next < limit ? `${(slowdown / base).toFixed(1)} times slower than alone` : "as fast as alone: some more";
  return decide(next, false, reason);
}
