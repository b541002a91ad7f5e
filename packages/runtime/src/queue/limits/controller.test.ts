import fc from "fast-check";
import { expect, test } from "vitest";
import { beginControl, decideLimit, type ControllerMemory, type Tick } from "./controller.ts";
import { adaptiveLimit, additiveIncrease, fixedLimit, type Policy } from "./simulation/policies.ts";
import { simulateResource, type Score } from "./simulation/simulate-resource.ts";

const quiet: Tick = {
  nowMs: 1_000_000,
  completed: 20,
  failed: 0,
  heldUntilMs: null,
  slowdown: 1,
  inFlight: 8,
  waiting: 10,
  load: 0,
};
const bounds = { min: 1, max: 64 };
const settled: ControllerMemory = { limit: 8, base: 1, isStarting: false, coolUntilMs: 0 };

test.each<[string, ControllerMemory, Partial<Tick>, number]>([
  ["it grows by half while it finds out", { ...settled, isStarting: true }, {}, 12],
  ["it grows slowly afterwards", settled, {}, 8.7],
  ["it waits for enough steps", settled, { completed: 7 }, 8],
  ["it does not grow while the limit holds nothing up", settled, { waiting: 0 }, 8],
  ["it does not grow while little of it is used", settled, { inFlight: 3 }, 8],
  ["it shrinks when steps are slower than alone", settled, { slowdown: 3 }, 7.1],
  ["it shrinks at once when steps fail", settled, { failed: 3 }, 5.6],
  ["one failure of twenty steps is none", settled, { failed: 1 }, 8.7],
  ["it shrinks when the resource asks for rest", settled, { heldUntilMs: 1_500_000, completed: 0 }, 5.6],
  ["it rests after a failure, and is not cut twice for it", { ...settled, coolUntilMs: 1_010_000 }, { failed: 3 }, 8],
  ["it shrinks when the workers are overloaded", settled, { load: 0.95 }, 6.4],
  ["it holds when the workers are busy", settled, { load: 0.85 }, 8],
])("%s", (_title, memory, change, limit) => {
  expect(decideLimit(memory, { ...quiet, ...change }, bounds).memory.limit).toBeCloseTo(limit, 1);
});

test("it stays within its bounds, whatever it hears", () => {
  const ticks = fc.array(
    fc.record({
      completed: fc.nat(100),
      failed: fc.nat(5),
      heldUntilMs: fc.constant(null),
      slowdown: fc.option(fc.double({ min: 0.01, max: 100, noNaN: true })),
      inFlight: fc.nat(100),
      waiting: fc.nat(10),
      load: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { maxLength: 50 },
  );
  fc.assert(
    fc.property(ticks, (given) => {
      let memory = beginControl(4);
      for (const [index, tick] of given.entries()) {
        memory = decideLimit(memory, { ...tick, nowMs: index * 15_000 }, { min: 2, max: 20 }).memory;
        expect(memory.limit).toBeGreaterThanOrEqual(2);
        expect(memory.limit).toBeLessThanOrEqual(20);
      }
    }),
    { numRuns: 200 },
  );
});

/** Three hours of a resource that can do 16 at a time, then 6, then 16 again. Five seeds. */
function scoresOf(make: () => Policy): readonly Score[] {
  return [1, 2, 3, 4, 5].map((seed) =>
    simulateResource(
      {
        capacityAt: (second) => (second < 3600 || second >= 7200 ? 16 : 6),
        seconds: 10_800,
        random: createRandom(seed),
      },
      make(),
    ),
  );
}

/** mulberry32 */
function createRandom(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test("it does nearly as much as the resource can do, and hardly anything fails", async () => {
  const policies: readonly (readonly [string, () => Policy])[] = [
    ["auto", () => adaptiveLimit()],
    ["fixed 16", () => fixedLimit(16)],
    ["fixed 4", () => fixedLimit(4)],
    ["fixed 64", () => fixedLimit(64)],
    ["one more per success, a tenth less per failure", () => additiveIncrease()],
  ];
  const table = policies.map(([name, make]) => ({ name, scores: scoresOf(make) }));
  const adaptive = table[0]?.scores ?? [];
  expect(Math.min(...adaptive.map((score) => score.useful))).toBeGreaterThanOrEqual(0.85);
  expect(Math.max(...adaptive.map((score) => score.failed))).toBeLessThan(20);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const lines = table.map(({ name, scores }) => {
    const useful = mean(scores.map((score) => score.useful)).toFixed(2);
    const overloaded = Math.round(mean(scores.map((score) => score.overloaded)) * 100);
    return `${name.padEnd(48)}${useful}  ${String(Math.round(mean(scores.map((score) => score.failed)))).padStart(6)}  ${String(overloaded).padStart(4)} %`;
  });
  const head = `${"limit".padEnd(48)}useful  failed  overloaded`;
  await expect(`${[head, ...lines].join("\n")}\n`).toMatchFileSnapshot("simulation/table.txt");
});
