import { createRandom, type Random } from "./random.ts";

/** How often something happens, each time that it could. */
export interface FaultRates {
  /** The process dies. */
  readonly kill: number;
  /** The process stands still: briefly, or until it is taken for dead. */
  readonly stall: number;
  /** The process stands still until it is taken for dead, between a look and the act that follows from it. */
  readonly zombie: number;
  /** The author's function throws something that may pass. */
  readonly userFails: number;
  /** The store refuses, before anything is written. */
  readonly storeFails: number;
  /** The store commits, and its answer is lost. */
  readonly commitUnanswered: number;
  /** The ledger refuses, before anything is written. */
  readonly ledgerFails: number;
  /** The ledger commits, and its answer is lost. */
  readonly ledgerUnanswered: number;
  readonly bellLost: number;
  /** Steps that take their process with them each time. */
  readonly poison: number;
  /** Steps whose function throws for good. */
  readonly broken: number;
  readonly cancel: number;
}

export type FaultKind = keyof FaultRates;

/** Everything that decides what a simulation does. */
export interface Scenario {
  readonly seed: number;
  readonly faults: FaultRates;
  /** Index into the pool of graphs; smaller ones come first. */
  readonly graph: number;
  readonly workers: number;
  readonly slots: number;
  readonly runs: readonly ScenarioRun[];
}

export interface ScenarioRun {
  readonly atMs: number;
  /** Two runs of the same code make the same versions; code that comes back makes again what it has made before. */
  readonly code: number;
  readonly isForced: boolean;
}

export const graphCount = 48;

/** Swarm: each kind of fault is off for a third of the seeds, rare for a third, and frequent for a third. */
export function drawScenario(seed: number): Scenario {
  const random = createRandom(seed * 2_654_435_761);
  const runCount = random.between(1, 4);
  // Runs that follow each other find what others have made; runs that are there at once get into each other's way.
  const apartMs = random.pick([300, 1500, 6000]);
  return {
    seed,
    faults: drawFaults(random),
    graph: random.between(0, graphCount - 1),
    workers: random.between(1, 4),
    slots: random.between(1, 3),
    runs: Array.from({ length: runCount }, (_, index) => ({
      atMs: index === 0 ? 0 : random.between(0, apartMs * index),
      code: index % 2,
      isForced: index > 0 && random.chance(0.3),
    })),
  };
}

function drawFaults(random: Random): FaultRates {
  const rate = (rare: number, frequent: number): number => random.pick([0, rare, frequent]);
  return {
    kill: rate(0.01, 0.06),
    stall: rate(0.02, 0.1),
    zombie: rate(0.03, 0.15),
    userFails: rate(0.03, 0.2),
    storeFails: rate(0.02, 0.1),
    commitUnanswered: rate(0.05, 0.3),
    ledgerFails: rate(0.02, 0.1),
    ledgerUnanswered: rate(0.02, 0.1),
    bellLost: rate(0.1, 0.6),
    poison: rate(0, 0.06),
    broken: rate(0, 0.08),
    cancel: rate(0, 0.15),
  };
}
