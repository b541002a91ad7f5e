import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createZoneOffsets } from "../../values/time/zone-offsets.ts";
import { createCronClock } from "./cron-clock.ts";
import { parseCron } from "./cron.ts";

const minuteMs = 60_000;

function ticks(cron: string, [from, to]: readonly [string, string], timeZone = "UTC"): readonly string[] {
  const clock = createCronClock(cron, timeZone);
  return [...clock.listTicks(Date.parse(from), Date.parse(to))].map((tick) => new Date(tick).toISOString());
}

describe("a cron expression", () => {
  it.each([
    ["0 3 * * *", ["2024-05-01T03:00:00.000Z", "2024-05-02T03:00:00.000Z"]],
    ["30 2 * * mon-fri", ["2024-05-01T02:30:00.000Z", "2024-05-02T02:30:00.000Z"]],
    ["0 0 2 * *", ["2024-05-02T00:00:00.000Z"]],
    ["0 12 1 * thu", ["2024-05-01T12:00:00.000Z", "2024-05-02T12:00:00.000Z"]],
    ["0 12 1 may *", ["2024-05-01T12:00:00.000Z"]],
    ["0 20/2 1 * *", ["2024-05-01T20:00:00.000Z", "2024-05-01T22:00:00.000Z"]],
    ["@daily", ["2024-05-02T00:00:00.000Z", "2024-05-03T00:00:00.000Z"]],
    ["0 6 * * 7", []],
  ] as const)("%s names readings of the clock", (cron, expected) => {
    expect(ticks(cron, ["2024-05-01T00:00:00Z", "2024-05-03T00:00:00Z"])).toEqual(expected);
  });

  it.each([
    "",
    "* * * *",
    "60 * * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * * 13 *",
    "* * * * 8",
    "x * * * *",
    "*/0 * * * *",
    "5-1 * * * *",
    "* * * * * *",
    "1,, * * * *",
    "0 0 30 feb *",
  ])('refuses "%s", and says what is wrong', (cron) => {
    expect(() => parseCron(cron)).toThrow(expect.objectContaining({ code: "AUTOMATION_CRON_INVALID" }));
  });

  it("refuses a zone that does not exist", () => {
    expect(() => createCronClock("0 3 * * *", "Mars/Olympus")).toThrow(/Mars\/Olympus/);
  });

  it("finds the next tick however far it is, and none where there is none", () => {
    const leapDay = createCronClock("0 0 29 feb *", "UTC");
    expect(new Date(leapDay.nextTick(Date.parse("2096-03-01T00:00:00Z")) ?? 0).toISOString()).toBe(
      "2104-02-29T00:00:00.000Z",
    );
  });
});

describe("where clocks change", () => {
  const spring = ["2024-03-30T12:00:00Z", "2024-03-31T12:00:00Z"] as const;
  const autumn = ["2024-10-26T12:00:00Z", "2024-10-28T00:00:00Z"] as const;

  it("runs what was due at a skipped 02:30 at the moment of the change", () => {
    expect(ticks("30 2 * * *", spring, "Europe/Berlin")).toEqual(["2024-03-31T01:00:00.000Z"]);
  });

  it("runs what is due at a repeated 02:30 the first time only", () => {
    expect(ticks("30 2 * * *", autumn, "Europe/Berlin")).toEqual(["2024-10-27T00:30:00.000Z"]);
  });

  it("makes one tick of several that were skipped together", () => {
    expect(ticks("*/15 2 * * *", spring, "Europe/Berlin")).toEqual(["2024-03-31T01:00:00.000Z"]);
  });

  it("lets an interval follow elapsed time: 23 hours, and 25", () => {
    expect(ticks("0 * * * *", ["2024-03-30T22:59:00Z", "2024-03-31T21:59:00Z"], "Europe/Berlin")).toHaveLength(23);
    expect(ticks("0 * * * *", ["2024-10-26T21:59:00Z", "2024-10-27T22:59:00Z"], "Europe/Berlin")).toHaveLength(25);
  });

  it("runs what was due on a day that a calendar skipped once, when the next day begins", () => {
    expect(ticks("0 12 30 dec *", ["2011-12-28T00:00:00Z", "2012-01-02T00:00:00Z"], "Pacific/Apia")).toEqual([
      "2011-12-30T10:00:00.000Z",
    ]);
  });
});

const zones = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "Asia/Kathmandu",
  "America/Sao_Paulo",
  "America/St_Johns",
  "Africa/Casablanca",
];
const crons = fc
  .tuple(
    fc.constantFrom("0", "30", "*/20", "15,45", "59", "*/7"),
    fc.constantFrom("*", "*/2", "0", "1", "2", "23", "0-3", "22,23"),
    fc.constantFrom("*", "*", "1", "*/3", "31"),
    fc.constantFrom("*", "*", "3,10", "dec"),
    fc.constantFrom("*", "*", "sun", "1-5"),
  )
  .map((fields) => fields.join(" "));

/** By looking at every minute of a stretch of time, as a person at a clock would. */
function lookAtClock(text: string, timeZone: string, [fromMs, toMs]: readonly [number, number]): readonly number[] {
  const cron = parseCron(text);
  const zone = createZoneOffsets(timeZone);
  const isNamed = (localMs: number): boolean => {
    const local = new Date(localMs);
    return (
      cron.minutes.includes(local.getUTCMinutes()) &&
      cron.hours.includes(local.getUTCHours()) &&
      cron.months.has(local.getUTCMonth() + 1) &&
      cron.hasDay(local.getUTCDate(), local.getUTCDay())
    );
  };
  const found: number[] = [];
  const seen = new Set<number>();
  for (let instantMs = fromMs; instantMs <= toMs; instantMs += minuteMs) {
    const localMs = instantMs + zone.offsetAt(instantMs);
    const beforeMs = instantMs - minuteMs + zone.offsetAt(instantMs - minuteMs);
    const readings = cron.isEveryHour ? [localMs] : rangeOf(Math.min(beforeMs + minuteMs, localMs), localMs);
    const isDue = readings.some((reading) => isNamed(reading) && (cron.isEveryHour || !seen.has(reading)));
    for (const reading of readings) seen.add(reading);
    if (isDue) found.push(instantMs);
  }
  return found;
}

/** The reading, and those that clocks skipped right before it. */
function rangeOf(fromMs: number, toMs: number): readonly number[] {
  return Array.from({ length: (toMs - fromMs) / minuteMs + 1 }, (_, index) => fromMs + index * minuteMs);
}

describe("the ticks of any expression in any zone", () => {
  // Stretches around clock changes: two weeks each, begun early enough that a repeated reading has been seen before.
  const stretches = fc.constantFrom(
    "2024-03-24",
    "2024-03-03",
    "2024-10-20",
    "2024-10-28",
    "2024-04-01",
    "2011-12-25",
    "2018-11-01",
    "2018-02-12",
    "2024-07-01",
  );

  it("are the readings that a person at the clock would note down", () => {
    fc.assert(
      fc.property(crons, fc.constantFrom(...zones), stretches, (cron, zone, day) => {
        const from = Date.parse(`${day}T00:00:00Z`);
        const to = from + 10 * 86_400_000;
        const noted = lookAtClock(cron, zone, [from, to]).filter((tick) => tick > from + 86_400_000);
        expect([...createCronClock(cron, zone).listTicks(from + 86_400_000, to)]).toEqual(noted);
      }),
      { numRuns: 60, seed: 4 },
    );
  });

  it("come each exactly once, however the time is cut into looks", () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 3 * 1440 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(crons, fc.constantFrom(...zones), stretches, cuts, (cron, zone, day, minutes) => {
        const clock = createCronClock(cron, zone);
        const from = Date.parse(`${day}T00:00:30Z`);
        let at = from;
        const seen: number[] = [];
        for (const cut of minutes) {
          const next = at + cut * minuteMs;
          seen.push(...clock.listTicks(at, next));
          at = next;
        }
        expect(seen).toEqual([...clock.listTicks(from, at)]);
        expect(clock.nextTick(from) ?? Number.POSITIVE_INFINITY).toBe(
          seen[0] ?? clock.nextTick(from) ?? Number.POSITIVE_INFINITY,
        );
      }),
      { numRuns: 100, seed: 5 },
    );
  });
});
