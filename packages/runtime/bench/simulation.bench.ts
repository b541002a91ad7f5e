import { productionCore } from "../test/simulation/core.ts";
import { createGraphs } from "../test/simulation/graphs.ts";
import { drawScenario } from "../test/simulation/scenario.ts";
import { describeFailure, shrink } from "../test/simulation/shrink.ts";
import { simulate } from "../test/simulation/simulate.ts";

/*
 * Seeds of the simulation per second: `node packages/runtime/bench/simulation.bench.ts [seeds = 20000] [first = 1]`. Prints one line, and every failure, shrunk.
 */
const [count = 20_000, first = 1] = process.argv.slice(2).map(Number);
const graphs = createGraphs();
const before = process.cpuUsage();
const startedMs = performance.now();
let [events, virtualMs, failures] = [0, 0, 0];
for (let seed = first; seed < first + count; seed++) {
  const scenario = drawScenario(seed);
  const result = simulate(scenario, productionCore, graphs);
  events += result.eventCount;
  virtualMs += result.virtualMs;
  if (result.findings.length === 0) continue;
  failures += 1;
  process.stdout.write(`${describeFailure(shrink(scenario, productionCore, graphs))}\n\n`);
}
const wallMs = performance.now() - startedMs;
const used = process.cpuUsage(before);
const cpuMs = (used.user + used.system) / 1000;
const perSecond = (ms: number): number => Math.round((count / ms) * 1000);
process.stdout.write(
  `simulation: ${count} seeds, ${events} events, ${Math.round(virtualMs / 3_600_000)} h of their own time, ${failures} failures: ` +
    `${perSecond(wallMs)} seeds/s, ${perSecond(cpuMs)} per second of CPU\n`,
);
process.exitCode = failures > 0 ? 1 : 0;
