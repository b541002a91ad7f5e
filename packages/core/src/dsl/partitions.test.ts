import { describe, expect, test } from "vitest";
import { buckets, daily, hourly, listed, monthly, product, weekly } from "./partitions.ts";

describe("time partitions", () => {
  test.each([
    [hourly("2001-01-01T05:00"), { grain: "hour", start: "2001-01-01T05:00", end: null, timeZone: "UTC" }],
    [daily("2001-01-01", "2001-07-01"), { grain: "day", start: "2001-01-01", end: "2001-07-01", timeZone: "UTC" }],
    [
      weekly("2001-01-01", { timeZone: "Europe/Zurich" }),
      { grain: "week", start: "2001-01-01", end: null, timeZone: "Europe/Zurich" },
    ],
    [
      monthly("2001-01-01", "2002-01-01", { timeZone: "Asia/Tokyo" }),
      { grain: "month", start: "2001-01-01", end: "2002-01-01", timeZone: "Asia/Tokyo" },
    ],
  ])("%o", (spec, expected) => {
    expect(spec).toEqual({ kind: "time", ...expected });
    expect(Object.isFrozen(spec)).toBe(true);
  });

  test("name months with or without their first day, hours in the zone or in UTC", () => {
    const starts = [
      monthly("2001-02"),
      monthly("2001-02-01"),
      hourly("2001-02-01"),
      hourly("2001-02-01T23:00"),
      hourly("2001-02-01T05:00Z"),
    ];
    expect(starts.map((spec) => spec.start)).toEqual([
      "2001-02",
      "2001-02-01",
      "2001-02-01",
      "2001-02-01T23:00",
      "2001-02-01T05:00Z",
    ]);
  });

  test.each([
    ["a month for days", () => daily("2001-02")],
    ["a day that does not exist", () => daily("2001-02-29")],
    ["the year 0", () => daily("0000-01-01")],
    ["another format", () => daily("01/02/2001")],
    ["a time for days", () => daily("2001-01-01T05:00")],
    ["half an hour", () => hourly("2001-01-01T05:30")],
    ["the hour 24", () => hourly("2001-01-01T24:00")],
    ["a month's second day", () => monthly("2001-01-02")],
    ["an end before the start", () => daily("2001-01-02", "2001-01-01")],
    ["an end at the start", () => daily("2001-01-02", "2001-01-02")],
    ["a zone that does not exist", () => daily("2001-01-01", { timeZone: "Europe/Berne" })],
  ])("refuse %s", (_name, make) => {
    expect(make).toThrow(expect.objectContaining({ code: "DEFINITION_INVALID", hint: expect.any(String) }));
  });

  test("say which Monday a week could begin at", () => {
    expect(() => weekly("2001-01-03")).toThrow(expect.objectContaining({ hint: "The Monday before is 2001-01-01" }));
  });
});

describe("other partitions", () => {
  test("are frozen data", () => {
    const both = product(listed(["eu", "us"]), buckets(4));
    expect(both).toEqual({
      kind: "product",
      first: { kind: "listed", keys: ["eu", "us"] },
      second: { kind: "buckets", count: 4 },
    });
    expect([both, both.first].every(Object.isFrozen)).toBe(true);
  });

  test.each([
    ["no keys", () => listed([])],
    ["a key twice", () => listed(["a", "a"])],
    ["an empty key", () => listed([""])],
    ["the separator of products", () => listed(["a|b"])],
    ["the separator of ranges", () => listed(["a..b"])],
    ["a control character", () => listed(["a\nb"])],
    ["no buckets", () => buckets(0)],
    ["half a bucket", () => buckets(1.5)],
    [
      "a product of a product",
      () => Reflect.apply(product, undefined, [daily("2001-01-01"), product(buckets(2), buckets(2))]),
    ],
  ])("refuse %s", (_name, make) => {
    expect(make).toThrow(expect.objectContaining({ code: "DEFINITION_INVALID" }));
  });
});
