import { expect, test } from "vitest";
import { renderEventTime } from "./event-time.ts";

test.each([
  ["0", "1970-01-01T00:00:00Z"],
  ["980899200000001", "2001-01-31T00:00:00.000001Z"],
  ["-1", "1969-12-31T23:59:59.999999Z"],
  ["infinity", "infinity"],
  ["9223372036854775807", "9223372036854775807"],
])("%s microseconds read as %s", (micros, text) => {
  expect(renderEventTime(micros)).toBe(text);
});
