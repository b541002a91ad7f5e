import type { DecidingCore } from "./core.ts";
import type { SimulatedGraph } from "./graphs.ts";
import type { FaultKind, Scenario } from "./scenario.ts";
import { simulate, type Simulated } from "./simulate.ts";

/** The smallest scenario found that still goes wrong, and what goes wrong in it. */
export interface Shrunk {
  readonly scenario: Scenario;
  readonly result: Simulated;
}

/**
 * Leaves out what a failure does not need: kinds of faults one by one, then runs, workers and slots, then it tries smaller graphs; again and again until
 * nothing more can go. What is left is worth reading.
 */
export function shrink(found: Scenario, core: DecidingCore, graphs: readonly SimulatedGraph[]): Shrunk {
  const run = (scenario: Scenario): Simulated => simulate(scenario, core, graphs);
  let best: Shrunk = { scenario: found, result: run(found) };
  for (let isSmaller = best.result.findings.length > 0; isSmaller;) {
    isSmaller = false;
    for (const smaller of listSmaller(best.scenario)) {
      const result = run(smaller);
      if (result.findings.length === 0) continue;
      best = { scenario: smaller, result };
      isSmaller = true;
      break;
    }
  }
  return best;
}

function* listSmaller(scenario: Scenario): Generator<Scenario, void, undefined> {
  const { faults, runs, workers, slots, graph } = scenario;
  for (const [kind, rate] of Object.entries(faults)) if (rate > 0) yield { ...scenario, faults: without(faults, kind) };
  if (runs.length > 1)
    for (const left of runs.keys()) yield { ...scenario, runs: runs.filter((_, index) => index !== left) };
  if (workers > 1) yield { ...scenario, workers: workers - 1 };
  if (slots > 1) yield { ...scenario, slots: slots - 1 };
  for (let smaller = 0; smaller < graph; smaller++) yield { ...scenario, graph: smaller };
}

function without(faults: Scenario["faults"], kind: string): Scenario["faults"] {
  const zero: Partial<Record<FaultKind, number>> = { [kind]: 0 };
  return { ...faults, ...zero };
}

/** A failure as a person reads it, with what repeats it. */
export function describeFailure({ scenario, result }: Shrunk): string {
  const faults = Object.entries(scenario.faults).filter(([, rate]) => rate > 0);
  return [
    `seed ${scenario.seed}, shrunk to graph ${scenario.graph}, ${scenario.workers} workers of ${scenario.slots} slots, ${scenario.runs.length} runs`,
    `faults: ${faults.map(([kind, rate]) => `${kind} ${rate}`).join(", ") || "none"}`,
    ...result.findings.map(({ oracle, message }) => `${oracle}: ${message}`),
    `trace ${result.traceHash} of ${result.eventCount} events, ${Math.round(result.virtualMs / 1000)} s of its own time`,
    "Add the seed to packages/runtime/test/simulation/seeds.json: it is tried for ever after.",
  ].join("\n");
}
