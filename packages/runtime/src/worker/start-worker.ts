import { connectionSettings, type LedgerConnections, type LedgerDb } from "../ledger/open-ledger.ts";
import type { Logger } from "../observe/logger.ts";
import { ringDoorbell } from "../queue/doorbell.ts";
import type { RecordDeps } from "../queue/record-outcomes.ts";
import { ensureResources } from "../queue/resources.ts";
import { createShapeCache } from "../queue/shape-cache.ts";
import type { RetryPolicy } from "../queue/step-machine.ts";
import type { StepExecutor } from "../step/step.ts";
import { startClaimLoop } from "./claim-loop.ts";
import { startDoorbell } from "./doorbell-runner.ts";
import { startEventTeller } from "./event-teller.ts";
import { startFlushLoop } from "./flush-loop.ts";
import { startLiveness } from "./liveness.ts";
import { createSlots, type Slots } from "./slots.ts";
import { startStepReports } from "./step-reports.ts";
import { startSweeps } from "./sweeps.ts";

export interface WorkerOptions {
  readonly ledger: LedgerConnections;
  readonly executor: StepExecutor;
  /** Steps at the same time. */
  readonly concurrency: number;
  /** Stores that this process can open now. */
  readonly stores: () => ReadonlySet<string>;
  readonly resources: Readonly<Record<string, { readonly concurrency: number }>>;
  readonly retry: Omit<RetryPolicy, "maxAttempts">;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  /** What running steps have to end when the worker stops, before they are handed back. */
  readonly graceMs?: number;
}

export interface RunningWorker extends AsyncDisposable {
  workerId(): string;
}

/**
 * Executes steps in this process until disposed. Disposing stops claiming, gives running steps `graceMs`, hands back what is left, records everything, and
 * leaves the ledger as if the worker had never been.
 */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { ledger, logger } = options;
  const { db } = ledger;
  await ensureResources(db, options.resources);
  const { id: installationId } = await db.selectFrom("installation").select("id").executeTakeFirstOrThrow();
  const deps: RecordDeps = { shapeOf: createShapeCache(), retry: options.retry, random: options.random };
  const reports = startStepReports(db, logger);
  const teller = startEventTeller(db, logger);
  const slots = createSlots({
    executor: options.executor,
    concurrency: options.concurrency,
    workerId: () => liveness.workerId(),
    listen: (step) => reports.listen(step),
    onEnded: (ended) => flush.push(ended),
  });
  const liveness = await startLiveness({
    client: connectionSettings(ledger.url),
    slots: options.concurrency,
    onLost: (why) => {
      logger.warn({ why }, "this worker is not seen as alive; its steps are let go");
      slots.abort(() => true, "released");
    },
  });
  const claim = startClaimLoop({
    ...{ db, slots, logger, installationId, shapeOf: deps.shapeOf },
    ...{ concurrency: options.concurrency, stores: options.stores, workerId: () => liveness.workerId() },
    onClaimed: () => teller.tell(),
  });
  const sweeps = startSweeps({
    ...{ db, deps, logger, slots },
    workerId: () => liveness.workerId(),
    onReady: () => claim.wake(),
  });
  const flush = startFlushLoop({
    ...{ db, deps, logger },
    onRecorded: (recorded) => {
      teller.tell();
      claim.wake();
      // What this worker cannot take itself is for others.
      const surplus = recorded.readyCount - Math.max(0, options.concurrency - slots.heldCount());
      if (surplus > 0 && sweeps.hasPeers()) ringQuietly(db, Math.ceil(surplus / options.concurrency), logger);
    },
  });
  const doorbell = startDoorbell({ pool: ledger.pool, logger, onBell: () => claim.looked() });
  return {
    workerId: () => liveness.workerId(),
    async [Symbol.asyncDispose]() {
      await claim.stop();
      await doorbell[Symbol.asyncDispose]();
      await endHeldSteps(slots, options.graceMs ?? 0);
      await flush.stop(10_000);
      await sweeps[Symbol.asyncDispose]();
      await reports[Symbol.asyncDispose]();
      await teller[Symbol.asyncDispose]();
      await liveness[Symbol.asyncDispose]();
    },
  };
}

async function endHeldSteps(slots: Slots, graceMs: number): Promise<void> {
  slots.handBack();
  const timer = setTimeout(() => slots.abort(() => true, "released"), graceMs);
  await slots.whenEmpty();
  clearTimeout(timer);
}

function ringQuietly(db: LedgerDb, chunks: number, logger: Logger): void {
  ringDoorbell(db, chunks).catch((error: unknown) => {
    logger.debug({ error: String(error) }, "the doorbell could not be rung; the sweep finds what is ready");
  });
}
