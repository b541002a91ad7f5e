import { setTimeout as sleep } from "node:timers/promises";
import type { LedgerDb } from "../ledger/open-ledger.ts";
import type { Logger } from "../observe/logger.ts";
import { claimSteps } from "../queue/claim-steps.ts";
import { resolveInputs } from "../queue/resolve-inputs.ts";
import type { ShapeOf } from "../queue/shape-cache.ts";
import { decideChunk } from "./decide-chunk.ts";
import { isPassing } from "./is-passing.ts";
import type { Slots } from "./slots.ts";
import { createWake } from "./wake.ts";

export interface ClaimLoop {
  /** There may be something to claim. */
  wake(): void;
  /** Resolves after the next look that begins after this call. A doorbell waits for it, so that a worker without room leaves bells to others. */
  looked(): Promise<void>;
  stop(): Promise<void>;
}

export interface ClaimOptions {
  readonly db: LedgerDb;
  readonly slots: Slots;
  readonly concurrency: number;
  readonly workerId: () => string;
  readonly stores: () => ReadonlySet<string>;
  readonly shapeOf: ShapeOf;
  readonly installationId: string;
  readonly logger: Logger;
  readonly onClaimed: (count: number) => void;
}

/** What an idle worker waits at most before it looks again: what a lost doorbell costs. */
const idleMs = 1000;

/** Claims as much as the slots can soon use, whenever there is room and something may be ready. */
export function startClaimLoop(options: ClaimOptions): ClaimLoop {
  const wake = createWake();
  let isStopping = false;
  let waiters: (() => void)[] = [];

  const look = async (): Promise<number> => {
    const { limit, isWorthwhile } = decideChunk({
      concurrency: options.concurrency,
      held: options.slots.heldCount(),
      meanMs: options.slots.meanMs(),
    });
    if (!isWorthwhile) return 0;
    const told = waiters;
    waiters = [];
    const count = await claimChunk(options, limit);
    for (const resolve of told) resolve();
    return count < limit ? 0 : count;
  };
  const loop = async (): Promise<void> => {
    while (!isStopping) {
      try {
        // A full chunk says that there is more.
        if ((await look()) === 0) await wake.wait(idleMs);
      } catch (error) {
        options.logger.warn({ error: String(error) }, "steps could not be claimed");
        await sleep(isPassing(error) ? 100 : 1000);
      }
    }
    for (const resolve of waiters) resolve();
  };
  const done = loop();
  return {
    wake: () => wake.ring(),
    looked: () =>
      new Promise((resolve) => {
        waiters.push(resolve);
        wake.ring();
      }),
    async stop() {
      isStopping = true;
      wake.ring();
      await done;
    },
  };
}

async function claimChunk(options: ClaimOptions, limit: number): Promise<number> {
  const { db, shapeOf, installationId } = options;
  const held = await claimSteps(db, {
    workerId: options.workerId(),
    stores: options.stores(),
    limit,
    maySuspect: !options.slots.hasSuspect(),
  });
  if (held.length === 0) return 0;
  options.onClaimed(held.length);
  const byStep = new Map(held.map((step) => [`${step.runId}/${step.ordinal}`, step]));
  const claimed = await resolveInputs(db, held, { shapeOf, installationId });
  options.slots.start(
    claimed.flatMap((step) => {
      const own = byStep.get(`${step.runId}/${step.ordinal}`);
      return own === undefined ? [] : [{ held: own, claimed: step }];
    }),
  );
  return held.length;
}
