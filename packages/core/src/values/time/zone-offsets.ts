import { Temporal } from "temporal-polyfill";

/** A moment at which local clocks were set forward (`byMs` > 0) or back. */
export interface ClockChange {
  /** Milliseconds since 1970 UTC. */
  readonly atMs: number;
  readonly byMs: number;
  /** Offset from UTC that holds from then on. */
  readonly offsetMs: number;
}

/**
 * The clock of one time zone. Instants are milliseconds since 1970 UTC; local times are what local clocks show, counted the same way.
 * Only the changes of the clock come from the time zone database; the rest is arithmetic, so that a million windows cost no more than in UTC.
 */
export interface ZoneOffsets {
  offsetAt(instantMs: number): number;
  /** First instant at which clocks show `localMs`, or, when they skip it, the instant of the skip. */
  firstInstantOf(localMs: number): number;
  /** Changes after `fromMs` and before `toMs`, oldest first. */
  listChanges(fromMs: number, toMs: number): readonly ClockChange[];
}

/** @throws {RangeError} when the time zone is unknown */
export function createZoneOffsets(timeZone: string): ZoneOffsets {
  if (timeZone === "UTC" || timeZone === "Etc/UTC") return utcOffsets;
  const periods = createPeriods(timeZone);
  return {
    offsetAt: (instantMs) => periods.at(instantMs).offsetMs,
    firstInstantOf(localMs) {
      // No clock is more than 26 hours away from UTC: the answer is in this period or a later one.
      let period = periods.at(localMs - maxOffsetMs);
      while (localMs - period.offsetMs >= period.toMs) period = periods.at(period.toMs);
      return Math.max(localMs - period.offsetMs, period.fromMs);
    },
    listChanges(fromMs, toMs) {
      const changes: ClockChange[] = [];
      for (let period = periods.at(fromMs); period.toMs < toMs;) {
        const next = periods.at(period.toMs);
        changes.push({ atMs: next.fromMs, byMs: next.offsetMs - period.offsetMs, offsetMs: next.offsetMs });
        period = next;
      }
      return changes;
    },
  };
}

const maxOffsetMs = 26 * 3_600_000;

const utcOffsets: ZoneOffsets = {
  offsetAt: () => 0,
  firstInstantOf: (localMs) => localMs,
  listChanges: () => [],
};

/** A stretch of time, [fromMs, toMs), with one offset. */
interface OffsetPeriod {
  readonly fromMs: number;
  readonly toMs: number;
  readonly offsetMs: number;
}

/** Periods as far as they were asked for, neighbours side by side. */
function createPeriods(timeZone: string): { readonly at: (instantMs: number) => OffsetPeriod } {
  const clock = (instantMs: number): Temporal.ZonedDateTime =>
    Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(timeZone);
  clock(0);
  const periods: OffsetPeriod[] = [];
  return {
    at(instantMs) {
      if (periods.length === 0) periods.push(describePeriod(clock(instantMs), findStart(clock(instantMs))));
      for (let last = periods.at(-1); last !== undefined && instantMs >= last.toMs; last = periods.at(-1)) {
        periods.push(describePeriod(clock(last.toMs), last.toMs));
      }
      for (let first = periods[0]; first !== undefined && instantMs < first.fromMs; first = periods[0]) {
        const before = clock(first.fromMs - 1);
        periods.unshift({
          fromMs: findStart(before),
          toMs: first.fromMs,
          offsetMs: before.offsetNanoseconds / 1_000_000,
        });
      }
      return findPeriod(periods, instantMs);
    },
  };
}

function describePeriod(clock: Temporal.ZonedDateTime, fromMs: number): OffsetPeriod {
  const toMs = clock.getTimeZoneTransition("next")?.epochMilliseconds ?? Number.POSITIVE_INFINITY;
  return { fromMs, toMs, offsetMs: clock.offsetNanoseconds / 1_000_000 };
}

function findStart(clock: Temporal.ZonedDateTime): number {
  // A change at this very instant has happened: "previous" alone is strict.
  const previous = clock.add({ milliseconds: 1 }).getTimeZoneTransition("previous");
  return previous?.epochMilliseconds ?? Number.NEGATIVE_INFINITY;
}

function findPeriod(periods: readonly OffsetPeriod[], instantMs: number): OffsetPeriod {
  let low = 0;
  let high = periods.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    const period = periods[middle];
    if (period !== undefined && period.fromMs <= instantMs) low = middle;
    else high = middle - 1;
  }
  const found = periods[low];
  if (found === undefined) throw new RangeError("no period of the time zone is known");
  return found;
}
