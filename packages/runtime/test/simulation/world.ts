import type { DecidingCore } from "./core.ts";
import type { Findings } from "./findings.ts";
import type { SimulatedGraph } from "./graphs.ts";
import { nameOf, type Random } from "./random.ts";
import type { Scenario } from "./scenario.ts";
import type { RunRow, SimulatedLedger, StepRow } from "./simulated-ledger.ts";
import type { SimulatedStore } from "./simulated-store.ts";
import type { Trace } from "./trace.ts";

/** The world that processes live in. Nothing in it looks at a clock or at chance but through this. */
export interface World {
  readonly scenario: Scenario;
  readonly core: DecidingCore;
  readonly graph: SimulatedGraph;
  readonly random: Random;
  readonly findings: Findings;
  readonly ledger: SimulatedLedger;
  readonly store: SimulatedStore;
  readonly trace: Trace;
  readonly processes: WorkerProcess[];
  now(): number;
  hasFaults(): boolean;
  /** Whether a fault of this kind happens now. */
  strikes(
    kind: "userFails" | "storeFails" | "commitUnanswered" | "ledgerFails" | "ledgerUnanswered" | "bellLost",
  ): boolean;
  later(delayMs: number, code: number, happen: () => void): void;
  /** In a process, which may die or stand still instead. */
  act(process: WorkerProcess, delayMs: number, code: number, happen: () => void): void;
  isOpen(): boolean;
  nextId(): number;
}

/** A worker, as `start-worker.ts` puts it together: claims when woken, runs what it holds, and does not always know that it was given up. */
export interface WorkerProcess {
  /** As the ledger knows it; another one after it was given up. */
  id: number;
  isAlive: boolean;
  diedAt: number;
  stillSince: number;
  stillUntil: number;
  /** Whether the ledger lists it. */
  isListed: boolean;
  readonly held: Set<Attempt>;
  wake(): void;
  die(): void;
}

/** One attempt, between its claim and its record; see `run-step.ts` for the life of a real one. */
export interface Attempt {
  readonly run: RunRow;
  readonly row: StepRow;
  readonly number: number;
  /** Its process has learned that the step was given to somebody else. */
  isFenced: boolean;
  startedAt: number;
}

/** Whether this step of the graph has a defect of this kind, whoever runs it: the seed decides. */
export function hasDefect(world: World, kind: "poison" | "broken", ordinal: number): boolean {
  const rate = world.scenario.faults[kind];
  if (rate === 0) return false;
  return (Number.parseInt(nameOf(kind, world.scenario.seed, ordinal).slice(-5), 36) % 1000) / 1000 < rate;
}
