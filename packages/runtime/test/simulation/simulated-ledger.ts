import { countFromStart, type RunCounters } from "../../src/queue/counters/run-counters.ts";
import type { AttemptOutcome } from "../../src/queue/step-machine.ts";
import type { Commit } from "../../src/stores/store.ts";
import type { DecidingCore } from "./core.ts";
import type { Findings } from "./findings.ts";
import type { SimulatedGraph, SimulatedStep } from "./graphs.ts";
import type { Random } from "./random.ts";
import type { ScenarioRun } from "./scenario.ts";
import type { SimulatedStore } from "./simulated-store.ts";

export type State =
  | "waiting"
  | "ready"
  | "running"
  | "succeeded"
  | "unchanged"
  | "failed"
  | "blocked"
  | "cancelled"
  | "upstreamFailed";

export interface StepRow {
  readonly step: SimulatedStep;
  state: State;
  attempt: number;
  failures: number;
  crashes: number;
  worker: number | null;
  startedAt: number;
  notBefore: number;
  /** Counted apart from what the state machine counts. */
  failedTimes: number;
  version: Commit | null;
  code: string | null;
}

export interface RunRow {
  readonly index: number;
  readonly what: ScenarioRun;
  readonly rows: readonly StepRow[];
  readonly counters: RunCounters;
  open: number;
  isCancelling: boolean;
}

export interface LedgerHead {
  readonly commitId: string;
  readonly version: number;
  readonly movedAt: number;
  readonly isPlain: boolean;
}

export interface Ended {
  readonly run: RunRow;
  readonly row: StepRow;
  readonly attempt: number;
  /** When it began to be executed; what it builds on was read before, and what the store has is looked at later. */
  readonly startedAt: number;
  readonly outcome: AttemptOutcome;
}

/** The ledger in memory; each function is one transaction. */
export interface SimulatedLedger {
  readonly runs: RunRow[];
  /** By commit id. */
  readonly records: Map<string, Commit>;
  readonly heads: Map<string, LedgerHead>;
  addRun(what: ScenarioRun): RunRow;
  claim(worker: number, limit: number, now: number): readonly { readonly run: RunRow; readonly row: StepRow }[];
  /** False: the attempt does not hold its step any more, and nothing was written. */
  record(ended: Ended, now: number): boolean;
  /** Records commits that were found without a record. */
  adopt(commits: readonly { readonly commit: Commit; readonly isServed: boolean }[], now: number): void;
  /** Heads as somebody saw them in the store at a time: those that have not moved since follow. */
  followStore(seen: readonly Commit[], lookedAt: number): void;
  cancel(run: RunRow): void;
}

export const maxAttempts = 4;
const policy = { maxAttempts, minDelayMs: 20, maxDelayMs: 400 };

export function createSimulatedLedger(parts: {
  readonly core: DecidingCore;
  readonly graph: SimulatedGraph;
  readonly random: Random;
  readonly findings: Findings;
  readonly store: SimulatedStore;
}): SimulatedLedger {
  const { core, graph, findings } = parts;
  const runs: RunRow[] = [];
  const records = new Map<string, Commit>();
  const heads = new Map<string, LedgerHead>();

  /** S4, for the index: it must end up where the store's head is; at rest that is compared. */
  const followHead = (commit: Commit, movedAt: number, isPlain: boolean): void => {
    const key = `${commit.asset}@${commit.partition}`;
    const head = heads.get(key);
    if (head !== undefined && !core.followsHead(head, { movedAt, version: commit.version, isPlain })) return;
    // Away from what readers see is never the right way.
    const served = parts.store.head(commit.asset, commit.partition);
    if (head !== undefined && head.version === served && commit.version !== served)
      findings.add(
        "S4",
        `the ledger's head of ${commit.asset} left version ${served}, which readers see, for ${commit.version}`,
      );
    heads.set(key, { commitId: commit.commitId, version: commit.version, movedAt, isPlain });
  };
  const insertRecord = (commit: Commit): void => {
    if (!records.has(commit.commitId)) records.set(commit.commitId, commit);
  };

  const loseDescendants = (run: RunRow, ordinal: number): readonly StepRow[] => {
    const lost: StepRow[] = [];
    for (const [from, to] of core.listDescendants(graph.shape, [ordinal])) {
      for (const row of run.rows.slice(from, to)) {
        if (row.state !== "waiting" && row.state !== "ready") continue;
        row.state = "upstreamFailed";
        lost.push(row);
      }
    }
    return lost;
  };

  /** What follows from the end of a step, as `advance-runs.ts` does it. */
  const advance = (run: RunRow, row: StepRow): void => {
    const isGood = row.state === "succeeded" || row.state === "unchanged";
    const isLost = row.state === "failed" || row.state === "blocked";
    const bad = isLost ? [row, ...loseDescendants(run, row.step.ordinal)] : [];
    const others = isGood || isLost ? bad : [row];
    const progress = core.beginProgress(graph.shape, run.counters);
    const { released } = progress.end({
      good: isGood ? [row.step.ordinal] : [],
      bad: others.map((each) => each.step.ordinal),
    });
    progress.apply(run.counters.revision + 1);
    run.open -= (isGood ? 1 : 0) + others.length;
    for (const ordinal of released) {
      const free = run.rows[ordinal];
      if (free?.state === "waiting") free.state = "ready";
    }
  };

  return {
    runs,
    records,
    heads,
    addRun(what) {
      const run: RunRow = {
        index: runs.length,
        what,
        rows: graph.steps.map((step) => ({
          step,
          state: step.pending === 0 ? "ready" : "waiting",
          attempt: 0,
          failures: 0,
          crashes: 0,
          worker: null,
          startedAt: 0,
          notBefore: 0,
          failedTimes: 0,
          version: null,
          code: null,
        })),
        counters: countFromStart(graph.shape),
        open: graph.steps.length,
        isCancelling: false,
      };
      runs.push(run);
      return run;
    },
    claim(worker, limit, now) {
      const claimed: { readonly run: RunRow; readonly row: StepRow }[] = [];
      for (const run of runs) {
        if (run.isCancelling) continue;
        for (const row of run.rows) {
          if (claimed.length >= limit) return claimed;
          if (row.state !== "ready" || row.notBefore > now) continue;
          row.state = "running";
          row.attempt += 1;
          row.worker = worker;
          row.startedAt = now;
          claimed.push({ run, row });
          checkInputs(run, row, findings);
        }
      }
      return claimed;
    },
    record({ run, row, attempt, startedAt, outcome }, now) {
      if (!core.holdsStep(row, attempt)) return false;
      // I11: whatever was asked, the step belongs to the attempt that was given it last.
      if (row.state !== "running" || row.attempt !== attempt)
        findings.add("I11", `attempt ${attempt} of ${row.step.asset} wrote over attempt ${row.attempt} (${row.state})`);
      const step = {
        attempt: row.attempt,
        failures: row.failures,
        crashes: row.crashes,
        isRunCancelled: run.isCancelling,
      };
      const move = core.decideMove(step, outcome, { policy, random: parts.random.next() });
      row.failures = move.failures;
      row.crashes = move.crashes;
      row.worker = null;
      if (outcome.kind === "failed") row.failedTimes += 1;
      // S9.
      if (move.state === "ready" && row.failedTimes >= maxAttempts)
        findings.add("S9", `${row.step.asset} has failed ${row.failedTimes} times and is tried again`);
      const wasEnded = row.state !== "running";
      row.state = move.state;
      row.code = move.failure?.code ?? null;
      if (outcome.kind === "committed") {
        insertRecord(outcome.commit);
        row.version = outcome.commit;
        const committedAt = Number(outcome.commit.committedAt);
        const { isReplay } = outcome.commit;
        followHead(outcome.commit, isReplay ? Math.max(startedAt, committedAt) : committedAt, !isReplay);
      }
      if (outcome.kind === "unchanged") row.version = records.get(outcome.commitId) ?? null;
      if (move.state === "ready") row.notBefore = now + move.delayMs;
      else if (!wasEnded) advance(run, row);
      return true;
    },
    adopt(commits) {
      for (const { commit, isServed } of commits) {
        insertRecord(commit);
        if (isServed) followHead(commit, Number(commit.committedAt), true);
      }
    },
    followStore(seen, lookedAt) {
      for (const { asset, partition, commitId, version } of seen) {
        const key = `${asset}@${partition}`;
        const head = heads.get(key);
        if (head === undefined || head.version === version || head.movedAt >= lookedAt || !records.has(commitId))
          continue;
        heads.set(key, { commitId, version, movedAt: lookedAt, isPlain: false });
      }
    },
    cancel(run) {
      if (run.open === 0) return;
      run.isCancelling = true;
      const cancelled: number[] = [];
      for (const row of run.rows) {
        if (row.state !== "waiting" && row.state !== "ready") continue;
        row.state = "cancelled";
        run.open -= 1;
        cancelled.push(row.step.ordinal);
      }
      const progress = core.beginProgress(graph.shape, run.counters);
      progress.end({ good: [], bad: cancelled });
      progress.apply(run.counters.revision + 1);
    },
  };
}

/** S6: a step begins when what it cannot do without has been made in its run. */
function checkInputs(run: RunRow, row: StepRow, findings: Findings): void {
  for (const ordinal of row.step.required) {
    const upstream = run.rows[ordinal];
    const isThere = upstream?.state === "succeeded" || upstream?.state === "unchanged";
    if (!isThere) findings.add("S6", `${row.step.asset} began while ${upstream?.step.asset} was ${upstream?.state}`);
  }
}
