import { setTimeout as sleep } from "node:timers/promises";
import type { LedgerDb } from "../ledger/open-ledger.ts";
import type { Logger } from "../observe/logger.ts";
import { claimSteps } from "../queue/claim/claim-steps.ts";
import type { Chunks } from "./chunks.ts";
import { isPassing } from "./is-passing.ts";
import { createWake } from "./wake.ts";

export interface ClaimLoop {
  /** There may be something to claim. */
  wake(): void;
  /** There is room again. Does nothing when the last look left nothing, and nothing has become ready since. */
  wakeForMore(): void;
  /** Resolves after the next look that begins after this call. A doorbell waits for it, so that a worker without room leaves bells to others. */
  looked(): Promise<void>;
  stop(): Promise<void>;
}

export interface ClaimOptions {
  readonly db: LedgerDb;
  readonly chunks: Chunks;
  readonly logger: Logger;
  readonly onClaimed: () => void;
}

/** What an idle worker waits at most before it looks again: what a lost doorbell costs. */
const idleMs = 1000;

/** Claims as much as the slots can soon use, whenever there is room and something may be ready. */
export function startClaimLoop(options: ClaimOptions): ClaimLoop {
  const wake = createWake();
  const stopping = new AbortController();
  let waiters: (() => void)[] = [];
  let news = 0;
  let isDrained = false;

  const wakeUp = (): void => {
    news += 1;
    isDrained = false;
    wake.ring();
  };

  /** Gives how long to wait for the next look, unless something happens. */
  const look = async (): Promise<number> => {
    const chunk = options.chunks.begin({ isCalled: waiters.length > 0 });
    if (chunk === undefined) return idleMs;
    const told = waiters;
    waiters = [];
    const known = news;
    try {
      const { held, againInMs } = await claimSteps(options.db, chunk.request);
      await options.chunks.start(held);
      if (held.length > 0) options.onClaimed();
      for (const resolve of told) resolve();
      isDrained = held.length < chunk.request.limit && news === known;
      // A full chunk says that there is more.
      return held.length >= chunk.request.limit ? 0 : Math.min(idleMs, againInMs ?? idleMs);
    } finally {
      chunk.end();
    }
  };
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        const waitMs = await look();
        if (waitMs > 0) await wake.wait(waitMs);
      } catch (error) {
        options.logger.warn({ error: String(error) }, "steps could not be claimed");
        await sleep(isPassing(error) ? 100 : 1000);
      }
    }
    for (const resolve of waiters) resolve();
  };
  const done = loop();
  return {
    wake: wakeUp,
    wakeForMore() {
      if (!isDrained) wake.ring();
    },
    looked: () =>
      new Promise((resolve) => {
        // A bell that is fetched while the worker stops must not wait for a look that never comes.
        if (stopping.signal.aborted) return resolve();
        waiters.push(resolve);
        wakeUp();
      }),
    async stop() {
      stopping.abort();
      wake.ring();
      await done;
    },
  };
}
