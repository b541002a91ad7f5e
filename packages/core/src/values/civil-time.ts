import type { ZoneOffsets } from "./zone-offsets.ts";

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** A stretch of time, [startMs, endMs), in milliseconds since 1970 UTC. */
export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** Days since 1970-01-01 of a date; months count from 1 and may exceed 12. */
export function dayNumberOf(year: number, month: number, day: number): number {
  return Date.UTC(year, month - 1, day) / dayMs;
}

/** `2001-01-31`. */
export function formatDay(dayNumber: number): string {
  return new Date(dayNumber * dayMs).toISOString().slice(0, 10);
}

/** Months since January of year 0 of the month that a day lies in. */
export function monthNumberOf(dayNumber: number): number {
  const date = new Date(dayNumber * dayMs);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** First day of a month counted as `monthNumberOf` does. */
export function firstDayOfMonth(monthNumber: number): number {
  return dayNumberOf(Math.floor(monthNumber / 12), (((monthNumber % 12) + 12) % 12) + 1, 1);
}

const written = /^(\d{4})-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::00)?(Z)?)?)?$/;

/**
 * The month, day or hour that a text names: `2001-01`, `2001-01-31`, `2001-01-31T05:00` (local; the first of two) or `2001-01-31T05:00Z`.
 * `undefined` when it names none, as `2001-02-30` does.
 */
export function parseSpan(text: string, zone: ZoneOffsets): Span | undefined {
  const match = written.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute] = match.slice(1, 6).map((digits) => Number(digits ?? Number.NaN));
  if (year === undefined || month === undefined || year < 100 || month < 1 || month > 12) return undefined;
  if (day === undefined || Number.isNaN(day)) {
    return localSpan(zone, dayNumberOf(year, month, 1) * dayMs, dayNumberOf(year, month + 1, 1) * dayMs);
  }
  const dayNumber = dayNumberOf(year, month, day);
  if (formatDay(dayNumber) !== text.slice(0, 10)) return undefined;
  if (hour === undefined || minute === undefined || Number.isNaN(hour)) {
    return localSpan(zone, dayNumber * dayMs, (dayNumber + 1) * dayMs);
  }
  if (hour > 23 || minute > 59) return undefined;
  const clockMs = dayNumber * dayMs + hour * hourMs + minute * 60_000;
  const startMs = match[6] === "Z" ? clockMs : zone.firstInstantOf(clockMs);
  return { startMs, endMs: startMs + hourMs };
}

function localSpan(zone: ZoneOffsets, fromLocalMs: number, toLocalMs: number): Span {
  return { startMs: zone.firstInstantOf(fromLocalMs), endMs: zone.firstInstantOf(toLocalMs) };
}
