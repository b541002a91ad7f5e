import { renderTimestamp } from "@watersmeet/core/schema";

/** Microseconds since 1970, as text, as an ISO-8601 instant: `2001-01-31T05:00:00.123456Z`. Infinities, and years that ISO-8601 has no words for, stay as they are. */
export function renderEventTime(micros: string): string {
  return /^-?\d{1,19}$/.test(micros) ? (renderTimestamp(BigInt(micros)) ?? micros) : micros;
}

export function renderEventTimeOrNull(micros: string | null): string | null {
  return micros === null ? null : renderEventTime(micros);
}
