import { expect, test } from "vitest";
import { wantsColor } from "./terminal.ts";

test("colours are for terminals, unless the environment says otherwise", () => {
  expect(wantsColor(true, {})).toBe(true);
  expect(wantsColor(false, {})).toBe(false);
  expect(wantsColor(true, { NO_COLOR: "1" })).toBe(false);
  expect(wantsColor(true, { NO_COLOR: "" })).toBe(true);
  expect(wantsColor(true, { TERM: "dumb" })).toBe(false);
  expect(wantsColor(false, { FORCE_COLOR: "1" })).toBe(true);
  expect(wantsColor(true, { FORCE_COLOR: "0" })).toBe(false);
  expect(wantsColor(true, { FORCE_COLOR: "1", NO_COLOR: "1" })).toBe(false);
});
