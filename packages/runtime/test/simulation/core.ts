import { beginProgress } from "../../src/queue/counters/run-counters.ts";
import { listDescendants } from "../../src/queue/shape/dependencies.ts";
import { decideMove } from "../../src/queue/step-machine.ts";
import { decideAdoption } from "../../src/step/decide-adoption.ts";
import { decideCommits } from "../../src/stores/commit/decide-commits.ts";
import { decideRevert } from "../../src/stores/commit/decide-revert.ts";

/** What decides in production, as it is: the simulation has no decisions of its own. */
export interface DecidingCore {
  readonly decideMove: typeof decideMove;
  readonly decideCommits: typeof decideCommits;
  readonly decideAdoption: typeof decideAdoption;
  readonly decideRevert: typeof decideRevert;
  readonly beginProgress: typeof beginProgress;
  readonly listDescendants: typeof listDescendants;
  /** Whether an attempt may write: the ledger's rows are asked for exactly this. */
  readonly holdsStep: (row: HeldRow, attempt: number) => boolean;
  /** Whether the ledger's head follows a commit. */
  readonly followsHead: (head: HeadMove, move: HeadMove) => boolean;
  /** Whether commits without a record are looked for when a store is opened. */
  readonly reconciles: boolean;
  /** Whether a worker that opens a store has the ledger's heads follow the store's. */
  readonly followsStore: boolean;
}

/** A move of the ledger's head. */
export interface HeadMove {
  readonly movedAt: number;
  readonly version: number;
  /** Whether the commit itself moved it, and not a later wish to have its version back. */
  readonly isPlain: boolean;
}

export interface HeldRow {
  readonly state: string;
  readonly attempt: number;
}

export const productionCore: DecidingCore = {
  decideMove,
  decideCommits,
  decideAdoption,
  decideRevert,
  beginProgress,
  listDescendants,
  // `findRunning` in record-outcomes.ts says this in SQL.
  holdsStep: (row, attempt) => row.state === "running" && row.attempt === attempt,
  // `moveHeads` in record-versions.ts says this in SQL.
  followsHead: (head, move) =>
    head.movedAt <= move.movedAt || (head.isPlain && move.isPlain && head.version < move.version),
  reconciles: true,
  followsStore: true,
};
