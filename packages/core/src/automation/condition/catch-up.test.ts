import { expect, test } from "vitest";
import { catchUp } from "./catch-up.ts";

const minuteMs = 60_000;
const ticks = [1, 2, 3, 4].map((hour) => hour * 60 * minuteMs);
const later = 5 * 60 * minuteMs;

test.each([
  ["last", [ticks[3]], 3],
  ["all", ticks, 0],
  [{ max: 2 }, ticks.slice(2), 2],
  ["none", [], 4],
] as const)("of four ticks that passed, %j runs some and counts the others", (policy, run, missedCount) => {
  expect(catchUp(ticks, policy, later)).toEqual({ run, missedCount });
});

test.each(["last", "all", "none", { max: 1 }] as const)("a tick in time is run, whatever the policy: %j", (policy) => {
  expect(catchUp([later - 500], policy, later)).toEqual({ run: [later - 500], missedCount: 0 });
});

test("only what is kept is held, however many ticks there were", () => {
  function* many(): Generator<number> {
    for (let tick = 0; tick < 1_000_000; tick++) yield tick * minuteMs;
  }
  expect(catchUp(many(), "last", 1_000_000 * minuteMs)).toEqual({ run: [999_999 * minuteMs], missedCount: 999_999 });
});
