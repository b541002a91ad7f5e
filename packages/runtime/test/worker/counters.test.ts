import { listOrdinals } from "@watersmeet/core/values";
import fc from "fast-check";
import { expect, test } from "vitest";
import { beginProgress, countFromStart, type RunCounters } from "../../src/queue/counters/run-counters.ts";
import { listDescendants } from "../../src/queue/shape/dependencies.ts";
import { buildRunShape, getPartitionOf, toStepRanges, type RunShape } from "../../src/queue/shape/run-shape.ts";
import { scenarioWithWaits } from "./random-graphs.ts";
import { executionOf, planOf } from "./test-plans.ts";

const scenarios = scenarioWithWaits({ prefix: "a", deadlineMs: fc.constant(null) });
const order = fc.array(fc.record({ pick: fc.nat(), isGood: fc.boolean(), size: fc.integer({ min: 1, max: 4 }) }), {
  minLength: 80,
  maxLength: 80,
});

type Ends = ReadonlyMap<number, "good" | "bad">;

/** What a step waits for, worked out from nothing but the ends of others: single steps, and whole upstreams. */
function countWaits(
  shape: RunShape,
  ends: Ends,
): { readonly pending: readonly number[]; readonly barriers: readonly number[] } {
  const pending: number[] = [];
  const barriers: number[] = [];
  for (const asset of shape.assets) {
    let open = 0;
    for (let step = asset.firstStep; step < asset.firstStep + asset.partitions.count; step++) pending[step] = 0;
    for (const input of asset.inputs) {
      const upstream = input.from === null ? undefined : shape.assets[input.from];
      if (upstream === undefined) continue;
      const isThere = (step: number): boolean =>
        ends.get(step) === "good" || (ends.get(step) === "bad" && input.planned.isOptional && !input.isLeg);
      if (input.isBarrier) {
        const steps = [...listOrdinals([[upstream.firstStep, upstream.firstStep + upstream.partitions.count]])];
        const isPassed = steps.every((step) => (input.isLeg ? ends.get(step) === "good" : ends.has(step)));
        open += isPassed ? 0 : 1;
        continue;
      }
      for (let step = asset.firstStep; step < asset.firstStep + asset.partitions.count; step++) {
        const own = getPartitionOf(asset, step);
        const read = [...listOrdinals(toStepRanges(upstream, input.mapping.toUpstream([own, own + 1])))];
        pending[step] = (pending[step] ?? 0) + read.filter((each) => !isThere(each)).length;
      }
    }
    barriers[asset.position] = open;
  }
  return { pending, barriers };
}

function expectExact(shape: RunShape, counters: RunCounters, ends: Ends): void {
  const expected = countWaits(shape, ends);
  expect([...counters.pending]).toEqual(expected.pending);
  expect([...counters.barriers]).toEqual(expected.barriers);
}

test("counters that follow the ends of steps are those that are counted from the ends, and each step is released once", () => {
  fc.assert(
    fc.property(scenarios, order, (scenario, picks) => {
      const executions = executionOf(scenario.sketches);
      const shape = buildRunShape(planOf(scenario.sketches), (asset) => executions(asset).wait ?? null);
      const counters = countFromStart(shape);
      const ends = new Map<number, "good" | "bad">();
      const released = new Set<number>();
      expectExact(shape, counters, ends);
      for (const { pick, isGood, size } of picks) {
        const open = [...Array(shape.stepCount).keys()].filter((step) => !ends.has(step));
        if (open.length === 0) break;
        const some = Array.from({ length: size }, (_, index) => open[(pick + index) % open.length] ?? 0);
        const ended = [...new Set(some)];
        const lost = isGood ? [] : [...listOrdinals(listDescendants(shape, ended))].filter((step) => !ends.has(step));
        const bad = isGood ? [] : [...new Set([...ended, ...lost])];
        const progress = beginProgress(shape, counters);
        const moved = progress.end({ good: isGood ? ended : [], bad });
        for (const step of ended) ends.set(step, isGood ? "good" : "bad");
        for (const step of bad) ends.set(step, "bad");
        for (const step of moved.released) {
          expect(released.has(step), `step ${step} was released before`).toBe(false);
          released.add(step);
        }
        progress.apply(counters.revision + 1);
        expectExact(shape, counters, ends);
      }
      const free = [...counters.pending.keys()].filter((step) => isFree(shape, counters, step));
      const roots = [...countFromStart(shape).pending.keys()].filter((step) =>
        isFree(shape, countFromStart(shape), step),
      );
      expect(free.filter((step) => !roots.includes(step)).sort((a, b) => a - b)).toEqual(
        [...released].sort((a, b) => a - b),
      );
    }),
    { numRuns: 60, seed: 4 },
  );
});

function isFree(shape: RunShape, counters: RunCounters, step: number): boolean {
  const asset = shape.assets.findLast((each) => each.firstStep <= step);
  return counters.pending[step] === 0 && asset !== undefined && counters.barriers[asset.position] === 0;
}

test("nothing changes before the commit, and a commit that comes after another changes nothing", () => {
  const shape = buildRunShape(planOf([{ key: "a" }, { key: "b", inputs: ["a"] }]), () => null);
  const counters = countFromStart(shape);
  const [first, second] = [beginProgress(shape, counters), beginProgress(shape, counters)];
  expect(first.end({ good: [0], bad: [] })).toEqual({ released: [1], closed: [0] });
  expect([...counters.pending]).toEqual([0, 1]);
  first.apply(1);
  second.end({ good: [0], bad: [] });
  second.apply(1);
  expect([...counters.pending]).toEqual([0, 0]);
});
