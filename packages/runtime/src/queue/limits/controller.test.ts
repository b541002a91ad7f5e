import fc from "fast-check";
import { expect, test } from "vitest";
import { beginControl, decideLimit, type ControllerMemory, type Tick } from "./controller.ts";
import { adaptiveLimit, additiveIncrease, fixedLimit, type Policy } from "./simulation/policies.ts";
import { simulateResource, type Score, type SimulatedResource } from "./simulation/simulate-resource.ts";

const quiet: Tick = {
  nowMs: 1_000_000,
  completed: 20,
  failed: 0,
  heldUntilMs: null,
  hasClosed: false,
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
  ["it begins again at a quarter when its breaker has closed", settled, { hasClosed: true, failed: 9 }, 2],
  ["no lower than it may", { ...settled, limit: 3 }, { hasClosed: true }, 1],
])("%s", (_title, memory, change, limit) => {
  expect(decideLimit(memory, { ...quiet, ...change }, bounds).memory.limit).toBeCloseTo(limit, 1);
});

test("after its breaker has closed it grows by half again, whatever came before", () => {
  const restarted = decideLimit({ ...settled, coolUntilMs: 2e9 }, { ...quiet, hasClosed: true }, bounds).memory;
  expect(decideLimit(restarted, { ...quiet, inFlight: 2 }, bounds).memory.limit).toBe(3);
});

test("it stays within its bounds, whatever it hears", () => {
  const ticks = fc.array(
    fc.record({
      completed: fc.nat(100),
      failed: fc.nat(5),
      heldUntilMs: fc.constant(null),
      hasClosed: fc.boolean(),
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

/** Three hours, five seeds. By default it can do 16 at a time, then 6, then 16 again. */
function scoresOf(world: Partial<SimulatedResource>, make: () => Policy): readonly Score[] {
  const capacityAt = (second: number): number => (second < 3600 || second >= 7200 ? 16 : 6);
  return [1, 2, 3, 4, 5].map((seed) =>
    simulateResource({ capacityAt, seconds: 10_800, random: createRandom(seed), ...world }, make()),
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

function meanOf(scores: readonly Score[], pick: (score: Score) => number): number {
  return scores.reduce((sum, score) => sum + pick(score), 0) / scores.length;
}

type Contest = readonly (readonly [name: string, scores: readonly Score[]])[];

function adaptiveOf(contest: Contest): readonly Score[] {
  return contest[0]?.[1] ?? [];
}

function renderTable(worlds: readonly (readonly [world: string, contest: Contest])[]): string {
  const head = `${"limit".padEnd(48)}useful  failed  sent away  overloaded`;
  const blocks = worlds.map(([world, contest]) => {
    const lines = contest.map(([name, scores]) => {
      const counts = [meanOf(scores, (score) => score.failed), meanOf(scores, (score) => score.throttled)];
      const [failed = "", throttled = ""] = counts.map((count) => String(Math.round(count)));
      const overloaded = String(Math.round(meanOf(scores, (score) => score.overloaded) * 100));
      const useful = meanOf(scores, (score) => score.useful).toFixed(2);
      return `${name.padEnd(48)}${useful}  ${failed.padStart(6)}  ${throttled.padStart(9)}  ${overloaded.padStart(8)} %`;
    });
    return [world, head, ...lines].join("\n");
  });
  return `${blocks.join("\n\n")}\n`;
}

const auto = (): Policy => adaptiveLimit();

/** After an outage of ten minutes it can do 2 at a time, and only after half an hour more all 16 again. */
const outage = {
  capacityAt: (second: number): number => {
    if (second < 3600) return 16;
    return second < 4200 ? 0 : Math.min(16, 2 + (14 * (second - 4200)) / 1800);
  },
};

test("it does nearly as much as the resource can do, and hardly anything fails, whatever holds it back", async () => {
  const changing: Contest = [
    ["auto", scoresOf({}, auto)],
    ["fixed 16", scoresOf({}, () => fixedLimit(16))],
    ["fixed 4", scoresOf({}, () => fixedLimit(4))],
    ["fixed 64", scoresOf({}, () => fixedLimit(64))],
    ["one more per success, a tenth less per failure", scoresOf({}, () => additiveIncrease())],
  ];
  const throttle = { beyondLoad: 1.2, restSeconds: 60 };
  const throttling: Contest = [
    ["auto", scoresOf({ throttle }, auto)],
    ["fixed 16", scoresOf({ throttle }, () => fixedLimit(16))],
    ["fixed 64", scoresOf({ throttle }, () => fixedLimit(64))],
  ];
  const busy: Contest = [
    ["auto", scoresOf({ hostSlots: 10, capacityAt: () => 32 }, auto)],
    ["fixed 10", scoresOf({ hostSlots: 10, capacityAt: () => 32 }, () => fixedLimit(10))],
    ["fixed 32", scoresOf({ hostSlots: 10, capacityAt: () => 32 }, () => fixedLimit(32))],
  ];
  const returning: Contest = [
    ["auto", scoresOf(outage, auto)],
    ["auto that goes on where it was", scoresOf(outage, () => adaptiveLimit({ restarts: false }))],
    ["fixed 16", scoresOf(outage, () => fixedLimit(16))],
  ];
  await expect(
    renderTable([
      ["16 at a time, then 6, then 16", changing],
      ['the same, and it says "not before" beyond a load of 1.2', throttling],
      ["32 at a time, from a machine that can do 10", busy],
      ["16 at a time, away for ten minutes, slow to come back", returning],
    ]),
  ).toMatchFileSnapshot("simulation/table.txt");
  for (const contest of [changing, throttling, busy, returning]) {
    expect(Math.min(...adaptiveOf(contest).map((score) => score.useful))).toBeGreaterThanOrEqual(0.8);
  }
  expect(Math.min(...adaptiveOf(changing).map((score) => score.useful))).toBeGreaterThanOrEqual(0.85);
  expect(Math.max(...adaptiveOf(changing).map((score) => score.failed))).toBeLessThan(20);
});
