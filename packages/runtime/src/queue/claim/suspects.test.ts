import { expect, test } from "vitest";
import { countSuspects, roomForSuspects } from "./suspects.ts";

test("a step with which two workers died is tried with no other suspect beside", () => {
  expect(roomForSuspects([0, 0])).toEqual({ once: 16, again: 1 });
  expect(roomForSuspects([0, 2])).toEqual({ once: 0, again: 0 });
  expect(roomForSuspects([1, 0, 1])).toEqual({ once: 14, again: 0 });
});

test("one claim keeps to the same rule over all of its runs", () => {
  const alone = countSuspects(roomForSuspects([]));
  alone.took("again", 1);
  expect(alone.left).toEqual({ once: 0, again: 0 });
  const several = countSuspects(roomForSuspects([]));
  several.took("again", 0);
  several.took("once", 5);
  expect(several.left).toEqual({ once: 11, again: 0 });
});
