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

/** A date of the proleptic Gregorian calendar; months and days count from 1, the year before 1 is 0. */
export interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/**
 * The date of a day counted from 1970-01-01. By arithmetic on integers, several times faster than `Date`: a million keys are written in a moment.
 * Source: https://howardhinnant.github.io/date_algorithms.html#civil_from_days
 */
export function civilDateOf(dayNumber: number): CivilDate {
  // Years that begin in March end with the leap day.
  const shifted = dayNumber + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
  };
}

/** `2001-01-31`. */
export function formatDay(dayNumber: number): string {
  const { year, month, day } = civilDateOf(dayNumber);
  return `${year < 1000 ? String(year).padStart(4, "0") : year}-${twoDigits(month)}-${twoDigits(day)}`;
}

/** `2001-01-31T05:00Z`. */
export function formatMinute(instantMs: number): string {
  const dayNumber = Math.floor(instantMs / dayMs);
  const minute = Math.floor((instantMs - dayNumber * dayMs) / 60_000);
  return `${formatDay(dayNumber)}T${twoDigits(Math.floor(minute / 60))}:${twoDigits(minute % 60)}Z`;
}

function twoDigits(number: number): string {
  return number < 10 ? `0${number}` : `${number}`;
}

/** Months since January of year 0 of the month that a day lies in. */
export function monthNumberOf(dayNumber: number): number {
  const date = new Date(dayNumber * dayMs);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** First day of a month counted as `monthNumberOf` does. */
export function firstDayOfMonth(monthNumber: number): number {
  return dayNumberOf(Math.floor(monthNumber / 12), (monthNumber % 12) + 1, 1);
}

/** What a clock shows: local, or in UTC when the text ends with Z. */
interface Reading {
  readonly clockMs: number;
  readonly precision: "month" | "day" | "minute";
  readonly isUtc: boolean;
}

/**
 * The month, day or hour that a text names: `2001-01`, `2001-01-31`, `2001-01-31T05:00` (local; the first of two) or `2001-01-31T05:00Z`.
 * `undefined` when it names none, as `2001-02-30` does.
 */
export function parseSpan(text: string, zone: ZoneOffsets): Span | undefined {
  const reading = readClock(text);
  if (reading === undefined) return undefined;
  const { clockMs, precision } = reading;
  const startMs = startOfReading(reading, zone);
  if (precision === "minute") return { startMs, endMs: startMs + hourMs };
  const dayNumber = clockMs / dayMs;
  const nextDay = precision === "day" ? dayNumber + 1 : firstDayOfMonth(monthNumberOf(dayNumber) + 1);
  return { startMs, endMs: zone.firstInstantOf(nextDay * dayMs) };
}

/** Where the span begins that a text names. */
export function parseStart(text: string, zone: ZoneOffsets): number | undefined {
  const reading = readClock(text);
  return reading === undefined ? undefined : startOfReading(reading, zone);
}

function startOfReading({ clockMs, isUtc }: Reading, zone: ZoneOffsets): number {
  return isUtc ? clockMs : zone.firstInstantOf(clockMs);
}

const written = /^\d{4}-\d\d(?:-\d\d(?:T\d\d:\d\d(?::00)?Z?)?)?$/;

function readClock(text: string): Reading | undefined {
  if (!written.test(text)) return undefined;
  const year = Number(text.slice(0, 4));
  const month = Number(text.slice(5, 7));
  const day = text.length > 7 ? Number(text.slice(8, 10)) : 1;
  // Years before 100 mean 19xx to `Date.UTC`.
  if (year < 100 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  const clockMs = dayNumberOf(year, month, day) * dayMs;
  if (text.length === 7) return { clockMs, precision: "month", isUtc: false };
  if (text.length === 10) return { clockMs, precision: "day", isUtc: false };
  const hour = Number(text.slice(11, 13));
  const minute = Number(text.slice(14, 16));
  if (hour > 23 || minute > 59) return undefined;
  return { clockMs: clockMs + hour * hourMs + minute * 60_000, precision: "minute", isUtc: text.endsWith("Z") };
}

function daysIn(year: number, month: number): number {
  return dayNumberOf(year, month + 1, 1) - dayNumberOf(year, month, 1);
}
