import fc from "fast-check";
import { expect, test } from "vitest";
import { countBegin, decideBudget, letThrough, type BudgetState } from "./decide-budget.ts";

const open: BudgetState = { budgetBytes: 100, stagedBytes: 0, allowedBytes: 100, isPaused: false };

test.each<[string, Partial<BudgetState>, Partial<BudgetState>]>([
  ["it stays open below its budget", { stagedBytes: 99 }, { isPaused: false }],
  ["it is paused when the budget is full", { stagedBytes: 100 }, { isPaused: true }],
  ["it stays paused above half of it", { stagedBytes: 51, isPaused: true }, { isPaused: true }],
  ["it opens at half of it", { stagedBytes: 50, isPaused: true }, { isPaused: false }],
  ["one that was let through has room on top", { stagedBytes: 180, allowedBytes: 220 }, { isPaused: false }],
  ["it is paused again when that is full", { stagedBytes: 220, allowedBytes: 220 }, { isPaused: true }],
  ["at half of the budget it has its own again", { stagedBytes: 40, allowedBytes: 220 }, { allowedBytes: 100 }],
])("%s", (_title, before, after) => {
  expect(decideBudget({ ...open, ...before })).toMatchObject(after);
});

test("the lane that is least over its budget is let through, with another budget on top of what waits", () => {
  const far = { ...open, stagedBytes: 300, isPaused: true };
  const near = { ...open, budgetBytes: 1000, stagedBytes: 1100, isPaused: true };
  expect(letThrough([far, near])).toEqual({ ...near, allowedBytes: 2100, isPaused: false });
  expect(letThrough([])).toBeUndefined();
});

test.each<[string, Parameters<typeof countBegin>[0], number, number]>([
  ["as many begin as fill it", { ...open, stagedBytes: 40, madeBytes: 200, madeCount: 10 }, 0, 3],
  ["those that run are counted", { ...open, stagedBytes: 40, madeBytes: 200, madeCount: 10 }, 2, 1],
  ["no more begin when those that run will fill it", { ...open, stagedBytes: 40, madeBytes: 200, madeCount: 10 }, 5, 0],
  ["a step that makes more than the budget begins alone", { ...open, madeBytes: 5000, madeCount: 1 }, 0, 1],
  ["of a paused lane none begins", { ...open, isPaused: true, madeBytes: 200, madeCount: 10 }, 0, 0],
  ["before anything was made, some begin", { ...open, madeBytes: 0, madeCount: 0 }, 3, 5],
  ["steps that make nothing are not held up", { ...open, madeBytes: 0, madeCount: 9 }, 3, Number.POSITIVE_INFINITY],
])("%s", (_title, budget, running, count) => {
  expect(countBegin(budget, running)).toBe(count);
});

test("a lane that is not paused, and of which nothing runs, always lets a step begin", () => {
  const states = fc.record({
    budgetBytes: fc.integer({ min: 1, max: 1e12 }),
    stagedBytes: fc.nat(1e12),
    allowedBytes: fc.integer({ min: 1, max: 1e12 }),
    isPaused: fc.boolean(),
  });
  fc.assert(
    fc.property(states, fc.nat(1e12), fc.nat(1e6), (state, madeBytes, madeCount) => {
      const decided = decideBudget(state);
      const freed = decided.isPaused ? letThrough([decided]) : decided;
      expect(freed === undefined ? 0 : countBegin({ ...freed, madeBytes, madeCount }, 0)).toBeGreaterThan(0);
    }),
  );
});
