import { WatersmeetError } from "../../errors/watersmeet-error.ts";
import { dayMs, dayNumberOf, hourMs } from "../../values/time/civil-time.ts";
import { createZoneOffsets, type ZoneOffsets } from "../../values/time/zone-offsets.ts";
import { parseCron, type Cron } from "./cron.ts";

/** The ticks of one cron expression in one time zone. Instants are milliseconds since 1970 UTC. */
export interface CronClock {
  /** Ticks after `afterMs` up to and including `untilMs`, ascending, each once. */
  listTicks(afterMs: number, untilMs: number): Generator<number, void, undefined>;
  /** The first tick after an instant; `null` when there is none in fifty years. */
  nextTick(afterMs: number): number | null;
}

/**
 * A tick is when clocks of the zone show what the expression names. Where they are set forward, a tick whose hour is given and skipped happens at the moment of the
 * change; where they are set back, it happens the first time only. An expression that names every hour means an interval: its ticks follow elapsed time, so skipped
 * readings have none and repeated ones have two. That is how cron daemons do it.
 *
 * @throws {AUTOMATION_CRON_INVALID}
 */
export function createCronClock(text: string, timeZone: string): CronClock {
  const cron = parseCron(text);
  const zone = readZone(text, timeZone);
  function* listTicks(afterMs: number, untilMs: number): Generator<number, void, undefined> {
    let waiting: number[] = [];
    // The day before may be shown once more, by clocks that are set back past midnight.
    for (let day = localDay(zone, afterMs) - 1; ; day++) {
      const beginMs = zone.firstInstantOf(day * dayMs);
      const due = waiting.filter((tick) => tick < beginMs);
      for (const tick of due) {
        if (tick > untilMs) return;
        if (tick > afterMs) yield tick;
      }
      if (beginMs > untilMs) return;
      const later = waiting.filter((tick) => tick >= beginMs);
      waiting = [...new Set([...later, ...listTicksOfDay(cron, zone, day)])].sort((a, b) => a - b);
    }
  }
  return {
    listTicks,
    nextTick(afterMs) {
      const [first] = listTicks(afterMs, afterMs + longestGapMs);
      return first ?? null;
    },
  };
}

const longestGapMs = 50 * 366 * dayMs;

/** More than any zone ever set its clocks back. */
const longestRepeatMs = 26 * hourMs;

function localDay(zone: ZoneOffsets, instantMs: number): number {
  return Math.floor((instantMs + zone.offsetAt(instantMs)) / dayMs);
}

function listTicksOfDay(cron: Cron, zone: ZoneOffsets, day: number): readonly number[] {
  const date = new Date(day * dayMs);
  const month = date.getUTCMonth() + 1;
  if (!cron.months.has(month)) return [];
  if (!cron.hasDay(day - dayNumberOf(date.getUTCFullYear(), month, 1) + 1, date.getUTCDay())) return [];
  return cron.hours.flatMap((hour) =>
    cron.minutes.flatMap((minute) => {
      const localMs = day * dayMs + hour * hourMs + minute * 60_000;
      return cron.isEveryHour ? listInstantsOf(zone, localMs) : [zone.firstInstantOf(localMs)];
    }),
  );
}

/** Every instant at which clocks show a reading: none, one or two. */
function listInstantsOf(zone: ZoneOffsets, localMs: number): readonly number[] {
  const first = zone.firstInstantOf(localMs);
  const shows = (instantMs: number): boolean => instantMs + zone.offsetAt(instantMs) === localMs;
  const repeats = zone
    .listChanges(first, first + longestRepeatMs)
    .filter(({ byMs }) => byMs < 0)
    .map(({ byMs }) => first - byMs);
  return [first, ...repeats].filter(shows);
}

function readZone(cron: string, timeZone: string): ZoneOffsets {
  try {
    return createZoneOffsets(timeZone);
  } catch (cause) {
    throw new WatersmeetError("AUTOMATION_CRON_INVALID", `"${timeZone}" of "${cron}" is not a time zone`, {
      hint: "Give an IANA name: UTC, Europe/Zurich, America/New_York",
      details: { cron, timeZone },
      cause,
    });
  }
}
