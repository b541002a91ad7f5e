import { parseDate, parseTimestamp } from "../../schema/instant.ts";
import type { ColumnType } from "../../schema/row-schema.ts";

/** Why a value cannot be the time of a contribution. */
export type EventTimeFault = "eventTimeMissing" | "eventTimeInvalid";

export type EventTime = { readonly us: bigint } | { readonly fault: EventTimeFault };

const microsPerDay = 86_400_000_000n;
/** The least integer of 64 bits is taken: it stands for "undated" in a token. */
const bounds = { least: -(2n ** 63n) + 1n, greatest: 2n ** 63n - 1n };

/** Types of columns that can tell an event time. A date means its midnight in UTC; a number is taken as microseconds. */
export function isEventTimeType(type: ColumnType): boolean {
  return type.kind === "timestamp" || type.kind === "date" || type.kind === "integer" || type.kind === "bigint";
}

/** Reads the event time of a row, exact to the microsecond (a `Date` would cut it to milliseconds). */
export function readEventTime(type: ColumnType, value: unknown): EventTime {
  if (value === null || value === undefined) return { fault: "eventTimeMissing" };
  const us = toMicros(type, value);
  return us === null || us < bounds.least || us > bounds.greatest ? { fault: "eventTimeInvalid" } : { us };
}

function toMicros(type: ColumnType, value: unknown): bigint | null {
  if (typeof value === "bigint") return value;
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : null;
  if (typeof value !== "string") return null;
  if (type.kind !== "date") return parseTimestamp(value);
  const days = parseDate(value);
  return days === null ? null : BigInt(days) * microsPerDay;
}
