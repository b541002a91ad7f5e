import { WatersmeetError } from "../errors/watersmeet-error.ts";
import type {
  BucketPartitions,
  ListedPartitions,
  ProductPartitions,
  TimeGrain,
  TimePartitions,
} from "../values/partitions/partitions-spec.ts";

export interface TimeOptions {
  /** IANA name of the zone whose clock cuts the windows. @default "UTC" */
  readonly timeZone?: string;
}

/**
 * A partition per hour. `start` is a date or a date-time of the zone, `2001-01-01T05:00`; `end` is exclusive and may be left out: then hours appear as they pass.
 * Keys are in UTC: `2001-01-31T05:00Z`. @throws {DEFINITION_INVALID}
 */
export function hourly(start: string, end?: string, options?: TimeOptions): TimePartitions;
export function hourly(start: string, options: TimeOptions): TimePartitions;
export function hourly(start: string, end?: string | TimeOptions, options?: TimeOptions): TimePartitions {
  return readTime("hour", start, [end, options]);
}

/** A partition per local day: `daily("2001-01-01", "2001-07-01")`, the end exclusive or left out. Keys: `2001-01-31`. @throws {DEFINITION_INVALID} */
export function daily(start: string, end?: string, options?: TimeOptions): TimePartitions;
export function daily(start: string, options: TimeOptions): TimePartitions;
export function daily(start: string, end?: string | TimeOptions, options?: TimeOptions): TimePartitions {
  return readTime("day", start, [end, options]);
}

/** A partition per week, from Monday; `start` and `end` are Mondays. Keys are the Monday's date. @throws {DEFINITION_INVALID} */
export function weekly(start: string, end?: string, options?: TimeOptions): TimePartitions;
export function weekly(start: string, options: TimeOptions): TimePartitions;
export function weekly(start: string, end?: string | TimeOptions, options?: TimeOptions): TimePartitions {
  return readTime("week", start, [end, options]);
}

/** A partition per calendar month; `start` and `end` are first days: `monthly("2001-01")`. Keys: `2001-01`. @throws {DEFINITION_INVALID} */
export function monthly(start: string, end?: string, options?: TimeOptions): TimePartitions;
export function monthly(start: string, options: TimeOptions): TimePartitions;
export function monthly(start: string, end?: string | TimeOptions, options?: TimeOptions): TimePartitions {
  return readTime("month", start, [end, options]);
}

/** One partition per key, in the order given: `listed(["eu", "us"])`. @throws {DEFINITION_INVALID} */
export function listed(keys: readonly string[]): ListedPartitions {
  if (keys.length === 0) throw invalid("listed() needs at least one key");
  for (const [index, key] of keys.entries()) {
    if (!isListedKey(key))
      throw invalid(
        `listed() has the key ${JSON.stringify(key)}`,
        "Keys are 1 to 200 characters, without control characters, `|` and `..`",
      );
    if (keys.indexOf(key) !== index) throw invalid(`listed() has the key "${key}" twice`);
  }
  return Object.freeze({ kind: "listed", keys: Object.freeze([...keys]) });
}

/** `count` hash buckets, with keys `0` to `count - 1`. @throws {DEFINITION_INVALID} */
export function buckets(count: number): BucketPartitions {
  if (!Number.isSafeInteger(count) || count < 1 || count > 1_000_000)
    throw invalid(`buckets(${count})`, "Give a whole number from 1 to 1,000,000");
  return Object.freeze({ kind: "buckets", count });
}

/** Every pair of a key of `first` and one of `second`, written `first|second`. Products do not nest. @throws {DEFINITION_INVALID} */
export function product(first: ProductPartitions["first"], second: ProductPartitions["second"]): ProductPartitions {
  for (const [part, name] of [
    [first, "first"],
    [second, "second"],
  ] as const) {
    if (part === undefined || !simpleKinds.includes(part.kind))
      throw invalid(
        `the ${name} part of product() is not a simple partitioning`,
        "Give it hourly, daily, weekly, monthly, listed or buckets",
      );
  }
  return Object.freeze({ kind: "product", first, second });
}

const simpleKinds: readonly string[] = ["time", "listed", "buckets"];

type TimeArguments = readonly [end: string | TimeOptions | undefined, options: TimeOptions | undefined];

function readTime(grain: TimeGrain, start: string, [endOrOptions, lastOptions]: TimeArguments): TimePartitions {
  const end = typeof endOrOptions === "string" ? endOrOptions : null;
  const options = typeof endOrOptions === "object" ? endOrOptions : lastOptions;
  const timeZone = options?.timeZone ?? "UTC";
  if (!isTimeZone(timeZone))
    throw invalid(`"${timeZone}" is not a time zone`, "Give an IANA name: UTC, Europe/Zurich, America/New_York");
  for (const text of end === null ? [start] : [start, end]) requireBoundary(grain, text);
  if (end !== null && end <= start)
    throw invalid(`partitions end at ${end}, which is not after their start ${start}`, "The end is exclusive");
  return Object.freeze({ kind: "time", grain, start, end, timeZone });
}

const boundaryPattern = /^(\d{4})-(\d{2})(?:-(\d{2})(?:T(\d{2}):00Z?)?)?$/;

/** Where windows can begin, as far as it can be told without the zone's clock changes; the planner checks the rest. */
function requireBoundary(grain: TimeGrain, text: string): void {
  const [, year, month, day = "01", hour] = boundaryPattern.exec(text) ?? [];
  const midnight = new Date(`${year}-${month}-${day}T00:00:00Z`);
  const isReal = !Number.isNaN(midnight.getTime()) && midnight.getUTCDate() === Number(day) && year !== "0000";
  const isFine =
    isReal &&
    Number(hour ?? 0) < 24 &&
    (hour === undefined || grain === "hour") &&
    (text.length > 7 || grain === "month");
  if (!isFine) throw invalid(`"${text}" is not ${examples[grain].what}`, `Write ${examples[grain].text}`);
  if (grain === "week" && midnight.getUTCDay() !== 1) {
    throw invalid(
      `${text} is not a Monday, and weeks begin on Monday`,
      `The Monday before is ${previousMonday(midnight)}`,
    );
  }
  if (grain === "month" && day !== "01")
    throw invalid(`${text} is not the first day of a month`, `Write ${year}-${month}`);
}

const examples: Readonly<Record<TimeGrain, { readonly what: string; readonly text: string }>> = {
  hour: { what: "a date or a whole hour", text: "2001-01-31, 2001-01-31T05:00 or 2001-01-31T05:00Z" },
  day: { what: "a date", text: "2001-01-31" },
  week: { what: "a date", text: "2001-01-29" },
  month: { what: "a month", text: "2001-01" },
};

function previousMonday(midnight: Date): string {
  const daysSinceMonday = (midnight.getUTCDay() + 6) % 7;
  return new Date(midnight.getTime() - daysSinceMonday * 86_400_000).toISOString().slice(0, 10);
}

function isTimeZone(name: string): boolean {
  try {
    Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function isListedKey(key: string): boolean {
  return (
    typeof key === "string" &&
    key.length > 0 &&
    key.length <= 200 &&
    !/[\p{Cc}|]/u.test(key) &&
    !key.includes("..") &&
    key.isWellFormed()
  );
}

function invalid(message: string, hint?: string): WatersmeetError {
  return new WatersmeetError("DEFINITION_INVALID", message, hint === undefined ? {} : { hint });
}
