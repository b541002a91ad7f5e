import { expect, test } from "vitest";
import { productionCore } from "./core.ts";
import { createGraphs } from "./graphs.ts";
import { mutations } from "./mutations.ts";
import { drawScenario } from "./scenario.ts";
import seeds from "./seeds.json" with { type: "json" };
import { describeFailure, shrink } from "./shrink.ts";
import { simulate } from "./simulate.ts";

/*
 * Runs, workers, a ledger and a store in a world whose time and chance are numbers; whatever decides is production's own code. See docs/contributing/testing.md.
 */
const graphs = createGraphs();

test("nothing that dies, stands still, fails or answers too late breaks what must hold", () => {
  for (let seed = 1; seed <= 1500; seed++) {
    const scenario = drawScenario(seed);
    const { findings } = simulate(scenario, productionCore, graphs);
    if (findings.length > 0) expect.fail(describeFailure(shrink(scenario, productionCore, graphs)));
  }
});

test.each(seeds.once)("seed $seed, which once went wrong, does not: $why", ({ seed }) => {
  expect(simulate(drawScenario(seed), productionCore, graphs).findings).toEqual([]);
});

test("the same seed gives the same events, to the last", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const [one, two] = [1, 2].map(() => simulate(drawScenario(seed), productionCore, graphs));
    expect(one?.traceHash).toBe(two?.traceHash);
    expect(one).toEqual(two);
  }
  const hashes = new Set(
    Array.from({ length: 100 }, (_, seed) => simulate(drawScenario(seed + 1), productionCore, graphs).traceHash),
  );
  expect(hashes.size).toBeGreaterThan(95);
});

test("without faults every step of every run ends well, and soon", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const { faults, ...scenario } = drawScenario(seed);
    const none = Object.fromEntries(Object.keys(faults).map((kind) => [kind, 0]));
    const result = simulate({ ...scenario, faults: { ...faults, ...none } }, productionCore, graphs);
    expect(result.findings).toEqual([]);
    expect(result.virtualMs).toBeLessThan(60_000);
  }
});

test.each(mutations)("a core without its $name is found out", ({ core, leastPercent, certainSeeds }) => {
  const tried = 250;
  let found = 0;
  for (let seed = 1; seed <= tried; seed++)
    if (simulate(drawScenario(seed), core, graphs).findings.length > 0) found += 1;
  expect((100 * found) / tried).toBeGreaterThanOrEqual(leastPercent);
  for (const seed of certainSeeds) {
    expect(simulate(drawScenario(seed), core, graphs).findings, `seed ${seed}`).not.toEqual([]);
    expect(simulate(drawScenario(seed), productionCore, graphs).findings, `seed ${seed}`).toEqual([]);
  }
  expect(leastPercent + certainSeeds.length).toBeGreaterThan(0);
});

test("a failure is shrunk to what it needs", () => {
  const crashCount = mutations.find(({ name }) => name === "crash count");
  if (crashCount === undefined) throw new Error("there is no such mutation");
  const scenario = Array.from({ length: 200 }, (_, seed) => drawScenario(seed + 1)).find(
    (each) => simulate(each, crashCount.core, graphs).findings.length > 0,
  );
  if (scenario === undefined) throw new Error("no seed shows it");
  const shrunk = shrink(scenario, crashCount.core, graphs);
  const faults = Object.entries(shrunk.scenario.faults).filter(([, rate]) => rate > 0);
  expect(faults.length).toBeLessThanOrEqual(2);
  expect(shrunk.scenario.runs).toHaveLength(1);
  expect(describeFailure(shrunk)).toContain("S9: ");
});
