import { expect, test } from "vitest";
import { countOf, formatCount, formatDuration, formatInstant } from "./quantities.ts";

test.each([
  [0, "0 ms"],
  [999, "999 ms"],
  [1000, "1.0 s"],
  [59_949, "59.9 s"],
  [59_960, "1 min 00 s"],
  [125_000, "2 min 05 s"],
  [3_600_000, "1 h 00 min"],
  [3_840_000, "1 h 04 min"],
])("%i ms reads as %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test("counts have thousands separators under every locale", () => {
  expect([formatCount(7), formatCount(1234), formatCount(1234567)]).toEqual(["7", "1,234", "1,234,567"]);
  expect([countOf(1, "step"), countOf(0, "step")]).toEqual(["1 step", "0 steps"]);
});

test("instants are shown in UTC", () => {
  expect(formatInstant(new Date("2001-01-31T05:00:00.123Z"))).toBe("2001-01-31 05:00:00Z");
});
