/** Longer pauses than a day are cut: nobody means them, and a step that sleeps for years looks like one that is lost. */
export const maxRetryAfterMs = 86_400_000;

/**
 * A header `Retry-After` in ms from now: a number of seconds, or a date as HTTP writes them. `null` when it is neither. Never negative, at most a day.
 *
 * Source: RFC 9110, 10.2.3
 */
export function parseRetryAfter(header: string, nowMs: number): number | null {
  const text = header.trim();
  // Whole seconds by the RFC; some servers send fractions.
  if (/^\d+(\.\d+)?$/.test(text)) return clampRetryAfter(Number(text) * 1_000);
  // A date begins with the name of a day or is ISO; without this, "-5" and "2" would be dates to `Date.parse`.
  if (!/^([A-Za-z]{3,9},? |\d{4}-\d{2}-\d{2}T)/.test(text)) return null;
  return clampRetryAfter(Date.parse(text) - nowMs);
}

/** Whole milliseconds within the limits; `null` when it is no number. */
export function clampRetryAfter(delayMs: number): number | null {
  if (Number.isNaN(delayMs)) return null;
  return Math.round(Math.min(maxRetryAfterMs, Math.max(0, delayMs)));
}
