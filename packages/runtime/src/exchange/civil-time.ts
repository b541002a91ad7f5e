import { civilDateOf } from "@watersmeet/core/values";

/**
 * Dates and instants as text, without `Date`: the proleptic Gregorian calendar, UTC, microseconds.
 * Years 0000 to 9999 have four digits; others have a sign and at least six, as in ISO 8601 (0000 is 1 BC).
 */

const microsPerDay = 86_400_000_000;
const datePattern = /^(\d{4}|[+-]\d{6,7})-(\d{2})-(\d{2})$/;
const timestampPattern =
  /^(\d{4}|[+-]\d{6,7})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?(Z|[+-]\d{2}:\d{2})$/;

/** Days since 1970-01-01; `undefined` when the text is no date. */
export function parseDate(text: string): number | undefined {
  const match = datePattern.exec(text);
  return match === null ? undefined : parseDay(match[1], match[2], match[3]);
}

/** `2001-01-31` from days since 1970-01-01. */
export function renderDate(days: number): string {
  const { year, month, day } = civilDateOf(days);
  return `${renderYear(year)}-${twoDigits(month)}-${twoDigits(day)}`;
}

/** An instant as whole days since 1970-01-01 and microseconds of that day: each fits a JS number exactly. */
export interface Instant {
  readonly days: number;
  readonly microsOfDay: number;
}

/** `undefined` when the text is no instant, or is finer than a microsecond. An offset is turned into UTC. */
export function parseTimestamp(text: string): Instant | undefined {
  const match = timestampPattern.exec(text);
  if (match === null) return undefined;
  const days = parseDay(match[1], match[2], match[3]);
  const hour = Number(match[4]);
  const minute = Number(match[5]);
  const second = Number(match[6] ?? "0");
  if (days === undefined || hour > 23 || minute > 59 || second > 59) return undefined;
  const fraction = (match[7] ?? "").replace(/0+$/, "");
  if (fraction.length > 6) return undefined;
  const offset = parseOffsetMinutes(match[8] ?? "Z");
  if (offset === undefined) return undefined;
  const micros = ((hour * 60 + minute - offset) * 60 + second) * 1_000_000 + Number(fraction.padEnd(6, "0"));
  const carry = Math.floor(micros / microsPerDay);
  return { days: days + carry, microsOfDay: micros - carry * microsPerDay };
}

/** `2001-01-31T05:00:00.123456Z`, trailing zeros of the fraction trimmed. */
export function renderTimestamp(days: number, microsOfDay: number): string {
  return `${renderDate(days)}T${renderTimeOfDay(microsOfDay)}Z`;
}

export function renderTimeOfDay(microsOfDay: number): string {
  const seconds = Math.floor(microsOfDay / 1_000_000);
  const fraction = microsOfDay - seconds * 1_000_000;
  const clock = `${twoDigits(Math.floor(seconds / 3600))}:${twoDigits(Math.floor(seconds / 60) % 60)}:${twoDigits(seconds % 60)}`;
  return fraction === 0 ? clock : `${clock}.${String(fraction).padStart(6, "0").replace(/0+$/, "")}`;
}

function parseDay(
  yearText: string | undefined,
  monthText: string | undefined,
  dayText: string | undefined,
): number | undefined {
  const year = Number(yearText);
  const month = Number(monthText);
  const day = Number(dayText);
  if (yearText === "-000000" || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  const shiftedYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function parseOffsetMinutes(text: string): number | undefined {
  if (text === "Z") return 0;
  const hours = Number(text.slice(1, 3));
  const minutes = Number(text.slice(4, 6));
  if (hours > 23 || minutes > 59) return undefined;
  return (text.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
}

function renderYear(year: number): string {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, "0");
  return `${year < 0 ? "-" : "+"}${String(Math.abs(year)).padStart(6, "0")}`;
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
