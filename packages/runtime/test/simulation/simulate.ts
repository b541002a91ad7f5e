import type { DecidingCore } from "./core.ts";
import { createFindings, type Finding } from "./findings.ts";
import type { SimulatedGraph } from "./graphs.ts";
import { createHeap, type Scheduled } from "./heap.ts";
import { judgeAtRest } from "./judge-at-rest.ts";
import { createRandom } from "./random.ts";
import type { Scenario } from "./scenario.ts";
import { createSimulatedLedger, type RunRow } from "./simulated-ledger.ts";
import { createSimulatedStore } from "./simulated-store.ts";
import { createTrace } from "./trace.ts";
import { startWorkerProcess, sweep } from "./worker-process.ts";
import type { WorkerProcess, World } from "./world.ts";

export interface Simulated {
  readonly findings: readonly Finding[];
  readonly traceHash: string;
  readonly eventCount: number;
  readonly virtualMs: number;
}

interface Happening extends Scheduled {
  readonly code: number;
  /** It happens in this process, if that is alive and does not stand still. */
  readonly process: WorkerProcess | null;
  readonly happen: () => void;
}

/** Faults end here; from then on everything must come to rest. */
const faultsUntilMs = 20_000;
/** The longest a process stands still, and half as much again for what follows. */
const restAtMs = 120_000;

/** One seed: the same scenario and the same core give the same events, to the last. */
export function simulate(scenario: Scenario, core: DecidingCore, graphs: readonly SimulatedGraph[]): Simulated {
  const graph = graphs[scenario.graph];
  if (graph === undefined) throw new RangeError(`there is no graph ${scenario.graph}`);
  const heap = createHeap<Happening>();
  const [findings, trace] = [createFindings(), createTrace()];
  const random = createRandom(scenario.seed ^ 0x5e_ed_5e_ed);
  const store = createSimulatedStore(core, findings);
  let [now, order, ids, submitted] = [0, 0, 0, 0];
  const push = (at: number, code: number, process: WorkerProcess | null, happen: () => void): void => {
    heap.push({ at, order: order++, code, process, happen });
  };
  const world: World = {
    scenario,
    core,
    graph,
    random,
    findings,
    trace,
    ledger: createSimulatedLedger({ core, graph, random, findings, store }),
    store,
    processes: [],
    now: () => now,
    hasFaults: () => now < faultsUntilMs,
    strikes: (kind) => now < faultsUntilMs && random.chance(scenario.faults[kind]),
    later: (delayMs, code, happen) => push(now + delayMs, code, null, happen),
    act: (process, delayMs, code, happen) => push(now + delayMs, code, process, happen),
    isOpen: () => submitted < scenario.runs.length || world.ledger.runs.some((run) => run.open > 0),
    nextId: () => ++ids,
  };

  for (const what of scenario.runs) {
    world.later(what.atMs, 1, () => {
      submitted += 1;
      submit(world, world.ledger.addRun(what));
    });
  }
  for (let count = 0; count < scenario.workers; count++) startWorkerProcess(world);
  world.later(100, 2, () => sweep(world));

  for (let next = heap.pop(); next !== undefined; next = heap.pop()) {
    now = next.at;
    if (now > restAtMs) {
      findings.add(
        "S12",
        `after ${restAtMs / 1000} s, ${faultsUntilMs / 1000} of them with faults, it has not come to rest`,
      );
      break;
    }
    const { process } = next;
    if (process !== null) {
      if (!process.isAlive) continue;
      if (process.stillUntil <= now) struck(world, process, next.code);
      if (!process.isAlive) continue;
      if (process.stillUntil > now) {
        push(process.stillUntil, next.code, process, next.happen);
        continue;
      }
    }
    trace.add(next.code, now, process?.id ?? 0);
    next.happen();
  }
  reopen(world, now + 1);
  judgeAtRest(world);
  return { findings: findings.list(), traceHash: trace.hash(), eventCount: trace.count(), virtualMs: now };
}

/** Between any two things that a process does, it may die, or stand still for a moment or for so long that it is taken for dead. */
function struck(world: World, process: WorkerProcess, code: number): void {
  const { random, scenario } = world;
  if (!world.hasFaults()) return;
  if (random.chance(scenario.faults.kill)) {
    process.die();
  } else if (isAct(code) && random.chance(scenario.faults.zombie)) {
    stand(world, process, random.between(15_000, 40_000));
  } else if (random.chance(scenario.faults.stall)) {
    stand(world, process, random.chance(0.5) ? random.between(5, 2000) : random.between(15_000, 40_000));
  }
}

/** Events that write what an event before them has looked at. */
function isAct(code: number): boolean {
  return code >= 20 && code <= 26;
}

function stand(world: World, process: WorkerProcess, forMs: number): void {
  process.stillSince = world.now();
  process.stillUntil = world.now() + forMs;
}

function submit(world: World, run: RunRow): void {
  const { random, scenario } = world;
  for (const process of world.processes) process.wake();
  if (!random.chance(scenario.faults.cancel)) return;
  world.later(random.between(0, 800), 3, () => world.ledger.cancel(run));
}

/** The next process that opens the store gives records to what has none, and has the ledger follow. */
function reopen({ core, store, ledger }: World, now: number): void {
  const served = store.listServed();
  const unrecorded = store.commits.filter((commit) => !ledger.records.has(commit.commitId));
  if (core.reconciles) {
    const adopted = unrecorded.map((commit) => ({ commit, isServed: served.includes(commit) }));
    ledger.adopt(adopted, now);
  }
  if (core.followsStore) ledger.followStore(served, now);
}
