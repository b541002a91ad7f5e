import fc from "fast-check";
import { expect, test } from "vitest";
import { parseDate, parseTimestamp, renderDate, renderTimestamp } from "./civil-time.ts";

test("dates agree with the calendar of JavaScript, and come back from their text", () => {
  fc.assert(
    fc.property(fc.integer({ min: -719_528, max: 2_932_896 }), (days) => {
      const text = renderDate(days);
      expect(text).toBe(new Date(days * 86_400_000).toISOString().slice(0, 10));
      expect(parseDate(text)).toBe(days);
    }),
  );
});

test("years before 1 and after 9999 have a sign and come back", () => {
  fc.assert(
    fc.property(fc.integer({ min: -784_353_015, max: 2_147_483_646 }), (days) => {
      expect(parseDate(renderDate(days))).toBe(days);
    }),
  );
  expect(renderDate(-719_893)).toBe("-000001-01-01");
  expect(renderDate(2_932_897)).toBe("+010000-01-01");
});

test("days that do not exist are no dates", () => {
  for (const text of [
    "2001-02-29",
    "1900-02-29",
    "2001-13-01",
    "2001-00-01",
    "2001-01-00",
    "2001-1-1",
    "-000000-01-01",
    "2001-01-01T00:00:00Z",
    "",
  ]) {
    expect(parseDate(text)).toBeUndefined();
  }
  expect(parseDate("2000-02-29")).toBe(11_016);
});

test("instants keep their microseconds and lose trailing zeros", () => {
  const text = "2001-01-31T05:00:00.120000Z";
  expect(parseTimestamp(text)).toEqual({ days: 11_353, microsOfDay: 18_000_120_000 });
  expect(renderTimestamp(11_353, 18_000_120_000)).toBe("2001-01-31T05:00:00.12Z");
  expect(renderTimestamp(0, 0)).toBe("1970-01-01T00:00:00Z");
});

test("offsets are turned into UTC, over midnight too", () => {
  expect(parseTimestamp("2001-01-01T01:30:00+02:00")).toEqual(parseTimestamp("2000-12-31T23:30:00Z"));
  expect(parseTimestamp("2001-01-01T23:30-01:00")).toEqual(parseTimestamp("2001-01-02T00:30:00Z"));
});

test("instants finer than a microsecond, without a zone or out of the clock are none", () => {
  for (const text of [
    "2001-01-01T00:00:00.0000001Z",
    "2001-01-01T00:00:00",
    "2001-01-01T24:00:00Z",
    "2001-01-01T00:60:00Z",
    "2001-01-01T00:00:60Z",
    "2001-01-01",
  ]) {
    expect(parseTimestamp(text)).toBeUndefined();
  }
});
