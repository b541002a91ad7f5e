import { describe, expect, it } from "vitest";
import { createPartitionSpace, type PartitionSpace } from "./partition-space.ts";
import type { TimeGrain } from "./partitions-spec.ts";

const hourMs = 3_600_000;

function space(grain: TimeGrain, [start, end]: readonly [string, string | null], timeZone = "UTC"): PartitionSpace {
  return createPartitionSpace({ kind: "time", grain, start, end, timeZone }, new Date("2024-04-04T09:30:00Z"));
}

function keys(partitions: PartitionSpace): readonly string[] {
  return Array.from({ length: partitions.size }, (_, ordinal) => partitions.keyAt(ordinal));
}

/** Length of the window with this key, in hours. */
function hoursOf(partitions: PartitionSpace, key: string): number {
  const window = partitions.windowOf(partitions.ordinalOf(key) ?? Number.NaN);
  return window === null ? Number.NaN : (Date.parse(window.end) - Date.parse(window.start)) / hourMs;
}

function startOf(partitions: PartitionSpace, key: string): string | undefined {
  return partitions.windowOf(partitions.ordinalOf(key) ?? Number.NaN)?.start;
}

const everyZone = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "Asia/Kathmandu",
  "America/Sao_Paulo",
  "America/St_Johns",
];
const everyGrain: readonly (readonly [TimeGrain, readonly [string, string]])[] = [
  ["hour", ["2011-09-01", "2012-01-03"]],
  ["day", ["2007-12-01", "2012-03-02"]],
  ["week", ["2007-12-31", "2013-01-02"]],
  ["month", ["2007-11", "2012-04-01"]],
];

describe.each(everyGrain)("every %s", (grain, bounds) => {
  it.each(everyZone)("begins where the one before ends, and its key leads back to it, in %s", (timeZone) => {
    const partitions = space(grain, bounds, timeZone);
    let previousEnd = partitions.windowOf(0)?.start;
    for (let ordinal = 0; ordinal < partitions.size; ordinal++) {
      const window = partitions.windowOf(ordinal);
      expect(window?.start).toBe(previousEnd);
      expect(Date.parse(window?.end ?? "")).toBeGreaterThan(Date.parse(window?.start ?? ""));
      expect(partitions.ordinalOf(partitions.keyAt(ordinal))).toBe(ordinal);
      previousEnd = window?.end;
    }
    expect(partitions.size).toBeGreaterThan(40);
  });

  it.each(everyZone)("begins at midnight, or with a full hour, of local clocks in %s", (timeZone) => {
    const partitions = space(grain, bounds, timeZone);
    const clock = new Intl.DateTimeFormat("en-GB", { timeZone, dateStyle: "short", timeStyle: "medium" });
    for (let ordinal = 0; ordinal < partitions.size; ordinal++) {
      const [, time] = clock.format(new Date(partitions.windowOf(ordinal)?.start ?? "")).split(", ");
      // Where summer begins at midnight, clocks skip it.
      const isSkipped = (timeZone === "America/Sao_Paulo" || timeZone === "Pacific/Apia") && time === "01:00:00";
      if (grain === "hour") expect(time?.slice(3)).toBe("00:00");
      else if (!isSkipped) expect(time).toBe("00:00:00");
    }
  });
});

describe("days", () => {
  it("have 23 and 25 hours where clocks change in Berlin and New York", () => {
    const berlin = space("day", ["2024-01-01", "2025-01-01"], "Europe/Berlin");
    expect([hoursOf(berlin, "2024-03-30"), hoursOf(berlin, "2024-03-31"), hoursOf(berlin, "2024-10-27")]).toEqual([
      24, 23, 25,
    ]);
    expect(startOf(berlin, "2024-03-31")).toBe("2024-03-30T23:00:00.000Z");
    expect(startOf(berlin, "2024-04-01")).toBe("2024-03-31T22:00:00.000Z");
    const newYork = space("day", ["2024-01-01", "2025-01-01"], "America/New_York");
    expect([hoursOf(newYork, "2024-03-10"), hoursOf(newYork, "2024-11-03")]).toEqual([23, 25]);
  });

  it("are half an hour shorter and longer on Lord Howe", () => {
    const lordHowe = space("day", ["2024-01-01", "2025-01-01"], "Australia/Lord_Howe");
    expect([hoursOf(lordHowe, "2024-04-07"), hoursOf(lordHowe, "2024-10-06")]).toEqual([24.5, 23.5]);
  });

  it("leave out 2011-12-30 in Samoa, which never was", () => {
    const samoa = space("day", ["2011-12-28", "2012-01-02"], "Pacific/Apia");
    expect(keys(samoa)).toEqual(["2011-12-28", "2011-12-29", "2011-12-31", "2012-01-01"]);
    expect(samoa.ordinalOf("2011-12-30")).toBeUndefined();
    expect(samoa.windowOf(1)).toEqual({ start: "2011-12-29T10:00:00.000Z", end: "2011-12-30T10:00:00.000Z" });
    expect(samoa.windowOf(2)).toEqual({ start: "2011-12-30T10:00:00.000Z", end: "2011-12-31T10:00:00.000Z" });
  });

  it("have begun although clocks were set back to the evening before", () => {
    // Newfoundland, 2006-10-29: at 00:01 it was 23:01 again.
    const sizeAt = (now: string): number =>
      createPartitionSpace(
        { kind: "time", grain: "day", start: "2006-10-28", end: null, timeZone: "America/St_Johns" },
        new Date(now),
      ).size;
    expect([sizeAt("2006-10-29T02:29:59Z"), sizeAt("2006-10-29T02:30:00Z"), sizeAt("2006-10-29T03:00:00Z")]).toEqual([
      0, 1, 1,
    ]);
  });

  it("begin at one o'clock where midnight is skipped", () => {
    const saoPaulo = space("day", ["2018-11-01", "2018-11-10"], "America/Sao_Paulo");
    expect(startOf(saoPaulo, "2018-11-04")).toBe("2018-11-04T03:00:00.000Z");
    expect(hoursOf(saoPaulo, "2018-11-04")).toBe(23);
  });

  it("include the leap day, of 2000 too and not of 2100", () => {
    expect(keys(space("day", ["2024-02-28", "2024-03-02"]))).toEqual(["2024-02-28", "2024-02-29", "2024-03-01"]);
    expect(keys(space("day", ["2000-02-28", "2000-03-01"]))).toEqual(["2000-02-28", "2000-02-29"]);
    expect(keys(space("day", ["2100-02-28", "2100-03-02"]))).toEqual(["2100-02-28", "2100-03-01"]);
  });
});

describe("hours", () => {
  it("skip and repeat with the clocks, under keys in UTC that never repeat", () => {
    const spring = space("hour", ["2024-03-31", "2024-04-01"], "Europe/Berlin");
    expect(spring.size).toBe(23);
    const autumn = space("hour", ["2024-10-27", "2024-10-28"], "Europe/Berlin");
    expect(autumn.size).toBe(25);
    expect(new Set(keys(autumn)).size).toBe(25);
    expect(keys(autumn).slice(0, 4)).toEqual([
      "2024-10-26T22:00Z",
      "2024-10-26T23:00Z",
      "2024-10-27T00:00Z",
      "2024-10-27T01:00Z",
    ]);
  });

  it("have one of 90 minutes where Lord Howe's clocks move by 30", () => {
    const autumn = space("hour", ["2024-04-07", "2024-04-08"], "Australia/Lord_Howe");
    const lengths = keys(autumn).map((key) => hoursOf(autumn, key));
    expect(lengths.filter((length) => length !== 1)).toEqual([1.5]);
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(24.5);
    const spring = space("hour", ["2024-10-06", "2024-10-07"], "Australia/Lord_Howe");
    expect(keys(spring).reduce((sum, key) => sum + hoursOf(spring, key), 0)).toBe(23.5);
    expect(keys(spring).filter((key) => hoursOf(spring, key) !== 1)).toHaveLength(1);
  });

  it("begin at half past in UTC where local clocks are half an hour off", () => {
    const kathmandu = space("hour", ["2024-01-01T05:00", "2024-01-01T07:00"], "Asia/Kathmandu");
    expect(keys(kathmandu)).toEqual(["2023-12-31T23:15Z", "2024-01-01T00:15Z"]);
  });

  it("may start at an instant in UTC", () => {
    expect(keys(space("hour", ["2024-01-01T05:00Z", "2024-01-01T06:00Z"], "Europe/Berlin"))).toEqual([
      "2024-01-01T05:00Z",
    ]);
  });
});

describe("weeks", () => {
  it("begin on Mondays, across the ends of years with 52 and 53 weeks", () => {
    expect(keys(space("week", ["2020-12-21", "2021-01-12"]))).toEqual(["2020-12-21", "2020-12-28", "2021-01-04"]);
    expect(keys(space("week", ["2018-12-24", "2019-01-08"]))).toEqual(["2018-12-24", "2018-12-31"]);
    expect(keys(space("week", ["2024-02-26", "2024-03-12"]))).toEqual(["2024-02-26", "2024-03-04"]);
  });

  it("have 167 and 169 hours where clocks change", () => {
    const berlin = space("week", ["2024-01-01", "2025-01-06"], "Europe/Berlin");
    expect([hoursOf(berlin, "2024-03-25"), hoursOf(berlin, "2024-10-21")]).toEqual([167, 169]);
  });

  it("keep their length of calendar days in Samoa, short of the day that never was", () => {
    const samoa = space("week", ["2011-12-19", "2012-01-09"], "Pacific/Apia");
    expect([hoursOf(samoa, "2011-12-19"), hoursOf(samoa, "2011-12-26")]).toEqual([168, 144]);
  });
});

describe("months", () => {
  it("have as many days as the calendar says, and an hour more or less where clocks change", () => {
    const berlin = space("month", ["2024-01", "2025-01-01"], "Europe/Berlin");
    const days = keys(berlin).map((key) => hoursOf(berlin, key) / 24);
    expect(days.map(Math.round)).toEqual([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]);
    expect([hoursOf(berlin, "2024-03"), hoursOf(berlin, "2024-10")]).toEqual([31 * 24 - 1, 31 * 24 + 1]);
  });

  it("start on a first, written with or without the day", () => {
    expect(keys(space("month", ["2023-12-01", "2024-03-01"]))).toEqual(["2023-12", "2024-01", "2024-02"]);
  });
});

describe("an open end", () => {
  it.each([
    ["hour", "2024-04-04T07:00", ["2024-04-04T07:00Z", "2024-04-04T08:00Z"]],
    ["day", "2024-04-02", ["2024-04-02", "2024-04-03"]],
    ["week", "2024-03-18", ["2024-03-18", "2024-03-25"]],
    ["month", "2024-02", ["2024-02", "2024-03"]],
  ] as const)("lets a window of a %s exist once it has ended", (grain, start, expected) => {
    expect(keys(space(grain, [start, null]))).toEqual(expected);
  });

  it("counts by the local clock: the day has ended in Auckland when it has not in UTC", () => {
    const now = new Date("2024-04-04T13:00:00Z");
    const sizeIn = (timeZone: string): number =>
      createPartitionSpace({ kind: "time", grain: "day", start: "2024-04-04", end: null, timeZone }, now).size;
    expect([sizeIn("Pacific/Auckland"), sizeIn("UTC")]).toEqual([1, 0]);
  });

  it("lets a window exist from the very instant at which it ends", () => {
    const sizeAt = (now: string): number =>
      createPartitionSpace(
        { kind: "time", grain: "day", start: "2024-03-31", end: null, timeZone: "Europe/Berlin" },
        new Date(now),
      ).size;
    expect([sizeAt("2024-03-31T21:59:59.999Z"), sizeAt("2024-03-31T22:00:00.000Z")]).toEqual([0, 1]);
  });

  it("has no partitions before its start", () => {
    expect(space("day", ["2030-01-01", null]).size).toBe(0);
  });
});

describe("an explicit end", () => {
  it("is exclusive and cuts no window: only whole ones exist", () => {
    expect(keys(space("day", ["2024-01-01", "2024-01-03"]))).toEqual(["2024-01-01", "2024-01-02"]);
    expect(keys(space("month", ["2024-01", "2024-02-29"]))).toEqual(["2024-01"]);
    expect(keys(space("week", ["2024-01-01", "2024-01-14"]))).toEqual(["2024-01-01"]);
  });

  it("gives windows of the future too", () => {
    expect(space("month", ["2030-01", "2031-01"]).size).toBe(12);
  });
});

describe("a specification at fault", () => {
  it.each<[string, TimeGrain, string, string, string]>([
    [
      "UTC",
      "week",
      "2024-01-02",
      "No week begins at 2024-01-02 in UTC",
      "Weeks begin on Mondays: start at 2024-01-01 or 2024-01-08",
    ],
    ["UTC", "month", "2024-01-15", "No month begins at 2024-01-15 in UTC", "Start at 2024-01 or 2024-02"],
    ["UTC", "day", "2024-01-15T05:00", "No day begins at 2024-01-15T05:00 in UTC", "Start at 2024-01-15 or 2024-01-16"],
    [
      "UTC",
      "hour",
      "2024-01-15T05:30",
      "No hour begins at 2024-01-15T05:30 in UTC",
      "Start at 2024-01-15T05:00Z or 2024-01-15T06:00Z",
    ],
    [
      "UTC",
      "day",
      "2024-02-30",
      'The start "2024-02-30" of the partitions is not a date',
      "Write 2001-01-31, 2001-01 or 2001-01-31T05:00",
    ],
    [
      "Mars/Olympus",
      "day",
      "2024-01-01",
      '"Mars/Olympus" is not a time zone',
      "Use a name of the IANA database: UTC, Europe/Berlin, America/New_York",
    ],
  ])("is refused with what would be right: %s, %s from %s", (...[timeZone, grain, start, message, hint]) => {
    expect(() => space(grain, [start, null], timeZone)).toThrow(
      expect.objectContaining({ code: "PARTITION_INVALID", message, hint }),
    );
  });

  it("an end before the start is refused", () => {
    expect(() => space("day", ["2024-01-02", "2024-01-01"])).toThrow(
      expect.objectContaining({ code: "PARTITION_INVALID" }),
    );
  });
});
