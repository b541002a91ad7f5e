/** Starts at a resource per span of time. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
  /** How many may be saved up. */
  readonly burst: number;
}

/**
 * A token bucket as one instant (the generic cell rate algorithm): when it will be full again. Every token taken moves it by one interval; a bucket whose
 * instant has passed is full. Nothing has to refill it, and any number of tokens is taken by one addition.
 */
export interface Bucket {
  readonly rate: Rate;
  readonly fullAtMs: number;
}

export interface Tokens {
  readonly count: number;
  /** Until there is another one, from now; 0 when there is one. */
  readonly nextInMs: number;
}

export function countTokens({ rate, fullAtMs }: Bucket, nowMs: number): Tokens {
  const intervalMs = intervalOf(rate);
  const owedMs = Math.max(0, fullAtMs - nowMs);
  // Sums of intervals are not exact: a token that lacks a billionth is there.
  const count = Math.max(0, Math.floor(rate.burst - owedMs / intervalMs + 1e-6));
  return { count, nextInMs: count > 0 ? 0 : owedMs - (rate.burst - 1) * intervalMs };
}

/** The bucket after tokens were taken; also more than there were, of which the next ones pay. */
export function takeTokens(
  { rate, fullAtMs }: Bucket,
  taken: { readonly count: number; readonly nowMs: number },
): Bucket {
  return { rate, fullAtMs: Math.max(fullAtMs, taken.nowMs) + taken.count * intervalOf(rate) };
}

/** The bucket when the resource has said "not before": then there is one token, and what was saved up is gone. */
export function holdUntil({ rate, fullAtMs }: Bucket, untilMs: number): Bucket {
  return { rate, fullAtMs: Math.max(fullAtMs, untilMs + (rate.burst - 1) * intervalOf(rate)) };
}

function intervalOf(rate: Rate): number {
  return rate.perMs / rate.count;
}
