import { setImmediate as endOfTurn, setTimeout as sleep } from "node:timers/promises";
import type { LedgerDb } from "../ledger/open-ledger.ts";
import type { Logger } from "../observe/logger.ts";
import type { HeldStep } from "../queue/claim/take-ready.ts";
import type { EndedAttempt } from "../queue/record/accepted-attempt.ts";
import { recordOutcomes, type RecordDeps, type Recorded } from "../queue/record/record-outcomes.ts";
import { isPassing } from "./is-passing.ts";
import { createWake } from "./wake.ts";

export interface FlushLoop {
  push(ended: EndedAttempt): void;
  /** Whether an attempt waits for its record. */
  has(step: HeldStep): boolean;
  /** Records what is left and ends. Gives up what cannot be recorded within the time: the reaper gives those steps back. */
  stop(timeoutMs: number): Promise<void>;
}

export interface FlushOptions {
  readonly db: LedgerDb;
  readonly deps: RecordDeps;
  readonly logger: Logger;
  readonly onRecorded: (recorded: Recorded) => Promise<void>;
  /** Whether more steps will end within milliseconds. @default never */
  readonly isMoreComing?: () => boolean;
}

/** More would make a transaction that others wait for. */
const batchSize = 500;

/** So many are worth a transaction: what one costs is then little beside what its steps cost. */
const goodBatch = 100;

/** What an end waits at most for others to be recorded with, in ms. */
const gatherMs = 4;

/**
 * Records what has ended while the transaction before was under way: one step when idle, hundreds under load. While the database is away the loop waits and
 * tries again; what it holds is fenced, so being late costs only work.
 */
export function startFlushLoop(options: FlushOptions): FlushLoop {
  const pending: EndedAttempt[] = [];
  const wake = createWake();
  let recording: readonly EndedAttempt[] = [];
  let stopBy = Number.POSITIVE_INFINITY;

  const loop = async (): Promise<void> => {
    for (;;) {
      if (pending.length === 0 && stopBy < Number.POSITIVE_INFINITY) return;
      if (pending.length === 0) await wake.wait(60_000);
      // Steps that take microseconds end by the dozen in one turn of the event loop, those of milliseconds soon after one another: one transaction.
      await endOfTurn();
      for (let ms = 0; ms < gatherMs && pending.length < goodBatch && options.isMoreComing?.() === true; ms++)
        await sleep(1);
      recording = pending.splice(0, batchSize);
      if (recording.length > 0) await recordPatiently(options, recording, () => performance.now() > stopBy);
      recording = [];
    }
  };
  const done = loop();
  return {
    push(ended) {
      pending.push(ended);
      wake.ring();
    },
    has: (step) => [...recording, ...pending].some((ended) => isSameAttempt(ended.step, step)),
    async stop(timeoutMs) {
      stopBy = performance.now() + timeoutMs;
      wake.ring();
      await done;
    },
  };
}

export function isSameAttempt(a: HeldStep, b: HeldStep): boolean {
  return a.runId === b.runId && a.ordinal === b.ordinal && a.attempt === b.attempt;
}

async function recordPatiently(
  options: FlushOptions,
  batch: readonly EndedAttempt[],
  isOver: () => boolean,
): Promise<void> {
  for (let delayMs = 20; ; delayMs = Math.min(1000, delayMs * 2)) {
    try {
      await options.onRecorded(await recordOutcomes(options.db, batch, options.deps));
      return;
    } catch (error) {
      const isHopeless = !isPassing(error);
      options.logger.warn({ error: String(error), attempts: batch.length }, "outcomes could not be recorded");
      if (isHopeless && batch.length > 1) return recordOneByOne(options, batch, isOver);
      if (isHopeless) return recordDefect(options, batch, error);
      if (isOver()) return;
      await sleep(delayMs);
    }
  }
}

/** One outcome that the ledger refuses must not take the others with it. */
async function recordOneByOne(
  options: FlushOptions,
  batch: readonly EndedAttempt[],
  isOver: () => boolean,
): Promise<void> {
  for (const ended of batch) await recordPatiently(options, [ended], isOver);
}

async function recordDefect(options: FlushOptions, batch: readonly EndedAttempt[], cause: unknown): Promise<void> {
  const failed = batch.map((ended): EndedAttempt => ({
    ...ended,
    outcome: { kind: "failed", failure: describeDefect(cause) },
  }));
  try {
    await options.onRecorded(await recordOutcomes(options.db, failed, options.deps));
  } catch (error) {
    options.logger.error(
      { error: String(error), steps: batch.map((each) => each.step) },
      "a step's end could not be recorded at all",
    );
  }
}

function describeDefect(cause: unknown): Extract<EndedAttempt["outcome"], { kind: "failed" }>["failure"] {
  return {
    class: "permanent",
    code: "INTERNAL",
    message: `The ledger refused what the step came to: ${String(cause)}`,
    hint: "This is a defect in Watersmeet; please report it.",
    stack: cause instanceof Error ? (cause.stack ?? null) : null,
    details: null,
    retryAfterMs: null,
  };
}
