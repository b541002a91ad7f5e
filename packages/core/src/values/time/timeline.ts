import type { TimeGrain } from "../partitions/partitions-spec.ts";
import { dayMs, firstDayOfMonth, formatDay, formatMinute, hourMs, monthNumberOf } from "./civil-time.ts";
import type { ZoneOffsets } from "./zone-offsets.ts";

/**
 * Consecutive windows of local time, numbered from 0. Numbers below 0 and beyond the last partition are windows too: mappings pass through them.
 * A window ends where the next one starts; none is empty (a day that local calendars skipped, as Samoa skipped 2011-12-30, has no number).
 */
export interface Timeline {
  /** Milliseconds since 1970 UTC. */
  startOf(ordinal: number): number;
  /** The window that an instant lies in. */
  ordinalAt(instantMs: number): number;
  /** The partition key. */
  nameOf(ordinal: number): string;
}

export interface TimelineOptions {
  readonly zone: ZoneOffsets;
  /** An instant in window 0. */
  readonly startMs: number;
  /** Up to here clock changes are looked up; later windows go on as if there were none. */
  readonly horizonMs: number;
}

export function createTimeline(grain: TimeGrain, options: TimelineOptions): Timeline {
  return timelineOf[grain](options);
}

const timelineOf: Readonly<Record<TimeGrain, (options: TimelineOptions) => Timeline>> = {
  hour: createHours,
  day: createDays,
  week(options) {
    const someDay = firstLocalDay(options);
    // Day 0 was a Thursday.
    const first = someDay - ((((someDay + 3) % 7) + 7) % 7);
    return createCalendar(options.zone, {
      dayOf: (ordinal) => first + 7 * ordinal,
      ordinalOf: (day) => Math.floor((day - first) / 7),
      nameOf: (ordinal) => formatDay(first + 7 * ordinal),
    });
  },
  month(options) {
    const first = monthNumberOf(firstLocalDay(options));
    return createCalendar(options.zone, {
      dayOf: (ordinal) => firstDayOfMonth(first + ordinal),
      ordinalOf: (day) => monthNumberOf(day) - first,
      nameOf: (ordinal) => formatDay(firstDayOfMonth(first + ordinal)).slice(0, 7),
    });
  },
};

/** Windows that begin with local days. */
interface Calendar {
  /** First local day of a window, in days since 1970-01-01. */
  readonly dayOf: (ordinal: number) => number;
  readonly ordinalOf: (day: number) => number;
  readonly nameOf: (ordinal: number) => string;
}

function createCalendar(zone: ZoneOffsets, calendar: Calendar): Timeline {
  const startOf = (ordinal: number): number => zone.firstInstantOf(calendar.dayOf(ordinal) * dayMs);
  return {
    startOf,
    ordinalAt(instantMs) {
      let ordinal = calendar.ordinalOf(Math.floor((instantMs + zone.offsetAt(instantMs)) / dayMs));
      // Clocks set back past midnight show the day before once more; the window of the new day has begun all the same.
      while (startOf(ordinal + 1) <= instantMs) ordinal++;
      while (startOf(ordinal) > instantMs) ordinal--;
      return ordinal;
    },
    nameOf: calendar.nameOf,
  };
}

function createDays(options: TimelineOptions): Timeline {
  const first = firstLocalDay(options);
  const skipped = listSkippedDays(options);
  const countSkippedBefore = (day: number): number => skipped.filter((one) => one < day).length;
  const dayOf = (ordinal: number): number => {
    let day = first + ordinal;
    for (const one of skipped) if (one <= day) day++;
    return day;
  };
  return createCalendar(options.zone, {
    dayOf,
    ordinalOf: (day) => day - first - countSkippedBefore(day),
    nameOf: (ordinal) => formatDay(dayOf(ordinal)),
  });
}

/** Local dates after the start that never were, ascending. */
function listSkippedDays({ zone, startMs, horizonMs }: TimelineOptions): readonly number[] {
  const skipped: number[] = [];
  for (const change of zone.listChanges(startMs, horizonMs)) {
    if (change.byMs < dayMs) continue;
    const lastDay = Math.floor((change.atMs + change.offsetMs) / dayMs);
    for (let day = Math.floor((change.atMs + change.offsetMs - change.byMs) / dayMs); day < lastDay; day++) {
      if (zone.firstInstantOf(day * dayMs) === zone.firstInstantOf((day + 1) * dayMs)) skipped.push(day);
    }
  }
  return skipped;
}

/** Hours counted without a break from one start. */
interface HourGrid {
  readonly ordinal: number;
  readonly startMs: number;
}

/**
 * A window begins whenever local clocks show a full hour. Changes by whole hours do not disturb that: a repeated hour is two windows, a skipped one is none.
 * A change by half an hour (Lord Howe) makes one window of an hour and a half.
 */
function createHours({ zone, startMs, horizonMs }: TimelineOptions): Timeline {
  const startOffsetMs = zone.offsetAt(startMs);
  const first = { ordinal: 0, startMs: Math.floor((startMs + startOffsetMs) / hourMs) * hourMs - startOffsetMs };
  const grids: HourGrid[] = [first];
  for (const change of zone.listChanges(startMs, horizonMs)) {
    const last = grids.at(-1);
    if (last === undefined || change.byMs % hourMs === 0) continue;
    const nextFullHourMs = Math.ceil((change.atMs + change.offsetMs) / hourMs) * hourMs - change.offsetMs;
    grids.push({ ordinal: last.ordinal + Math.ceil((change.atMs - last.startMs) / hourMs), startMs: nextFullHourMs });
  }
  const startOf = (ordinal: number): number => {
    const grid = grids.findLast((one) => one.ordinal <= ordinal) ?? first;
    return grid.startMs + (ordinal - grid.ordinal) * hourMs;
  };
  return {
    startOf,
    ordinalAt(instantMs) {
      const index = grids.findLastIndex((one) => one.startMs <= instantMs);
      const grid = grids[index] ?? first;
      const ordinal = grid.ordinal + Math.floor((instantMs - grid.startMs) / hourMs);
      return Math.min(ordinal, (grids[index + 1]?.ordinal ?? Number.POSITIVE_INFINITY) - 1);
    },
    nameOf: (ordinal) => formatMinute(startOf(ordinal)),
  };
}

function firstLocalDay({ zone, startMs }: TimelineOptions): number {
  return Math.floor((startMs + zone.offsetAt(startMs)) / dayMs);
}
