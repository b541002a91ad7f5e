import { expect, test } from "vitest";
import { expectMs, learnPace, type Pace } from "./pace.ts";

function learn(steps: readonly (readonly [rowCount: number, durationMs: number])[]): Pace {
  let pace: Pace | undefined;
  for (const [rowCount, durationMs] of steps) pace = learnPace(pace, { rowCount, durationMs });
  if (pace === undefined) throw new Error("nothing was seen");
  return pace;
}

test("a step is expected to take what its rows cost, and a base", () => {
  const pace = learn(Array.from({ length: 50 }, (_, index) => [index * 10, 200 + index * 10 * 3]));
  expect(expectMs(pace, 1000)).toBeCloseTo(3200, 0);
  expect(expectMs(pace, 0)).toBeCloseTo(200, 0);
});

test("few steps, or steps of the same size, are expected to take the mean", () => {
  expect(
    expectMs(
      learn([
        [1, 100],
        [1000, 300],
      ]),
      5000,
    ),
  ).toBe(200);
  expect(expectMs(learn(Array.from({ length: 50 }, () => [7, 40])), 9000)).toBeCloseTo(40);
});

test("what was seen last counts most", () => {
  const pace = learn([
    ...Array.from({ length: 500 }, () => [1, 100] as const),
    ...Array.from({ length: 1000 }, () => [1, 300] as const),
  ]);
  expect(expectMs(pace, 1)).toBeGreaterThan(280);
});
