import { WatersmeetError } from "@watersmeet/core/errors";
import { parseDate, parseTimestamp } from "@watersmeet/core/schema";
import type { BatchRecord } from "../../../stores/port/merge-records.ts";

/** A part of what a source has delivered: from one place to another, both included; `null`: without an end. */
export interface SourceRange {
  readonly from: string | null;
  readonly to: string | null;
}

/**
 * The batches that lie wholly in a range. Bounds are positions of the source's cursor, `17`, or times, `2001-01-31`: a delivery is where its cursor has got to with it;
 * one whose cursor is no time, or that has none, is where the event times of its rows are. Only whole batches can be taken back, so one that reaches beyond is not in it.
 *
 * @throws {USAGE_INVALID} when the bounds are neither times nor positions that any batch could have
 */
export function selectRange(batches: readonly BatchRecord[], range: SourceRange): readonly BatchRecord[] {
  const isTimed = [range.from, range.to].every((bound) => bound === null || parseInstant(bound, "from") !== null);
  const hasPositions = batches.some(({ cursor }) => cursor !== null && parseInstant(cursor.to, "to") === null);
  if (isTimed || hasPositions || batches.length === 0)
    return batches.filter((batch) => isWithin(batch, range, isTimed));
  throw new WatersmeetError(
    "USAGE_INVALID",
    `"${range.from ?? range.to}" is neither a time nor a position of the source's cursor`,
    {
      hint: "Write a day or an instant: 2001-01-31 or 2001-01-31T05:00:00Z.",
    },
  );
}

type Placed = Pick<BatchRecord, "cursor" | "eventTimes">;

function isWithin({ cursor, eventTimes }: Placed, range: SourceRange, isTimed: boolean): boolean {
  if (range.from === null && range.to === null) return true;
  if (!isTimed) return cursor !== null && isBetween(padPosition(cursor.to), mapRange(range, padPosition));
  const times = mapRange(range, parseInstant);
  const reached = cursor === null ? null : parseInstant(cursor.to, "to");
  if (reached !== null) return isBetween(reached, times);
  if (eventTimes === null) return false;
  return isBetween(BigInt(eventTimes.least), times) && isBetween(BigInt(eventTimes.greatest), times);
}

interface Bounds<T> {
  readonly from: T | null;
  readonly to: T | null;
}

function mapRange<T>(range: SourceRange, parse: (text: string, side: "from" | "to") => T | null): Bounds<T> {
  return {
    from: range.from === null ? null : parse(range.from, "from"),
    to: range.to === null ? null : parse(range.to, "to"),
  };
}

function isBetween<T extends bigint | string>(value: T, { from, to }: Bounds<T>): boolean {
  return (from === null || value >= from) && (to === null || value <= to);
}

/** Whole numbers are kept with leading zeros, so that they compare as texts. */
function padPosition(text: string): string {
  return /^\d{1,16}$/.test(text) ? text.padStart(16, "0") : text;
}

const microsPerDay = 86_400_000_000n;

/** Microseconds; a day stands for all of it. `null`: no time. */
function parseInstant(text: string, side: "from" | "to"): bigint | null {
  const days = parseDate(text);
  if (days !== null) return BigInt(days) * microsPerDay + (side === "to" ? microsPerDay - 1n : 0n);
  return parseTimestamp(text);
}
