import { connectionSettings, openLedger, type LedgerConnections, type LedgerDb } from "../ledger/open-ledger.ts";
import type { Logger } from "../observe/logger.ts";
import { createTurns } from "../queue/claim/fair-turns.ts";
import { createVersionMemory, type VersionMemory } from "../queue/claim/version-memory.ts";
import { createCounterMemory } from "../queue/counters/counter-memory.ts";
import type { Code } from "../queue/deploy/asset-code.ts";
import { createRunCode } from "../queue/deploy/pinned-code.ts";
import { ringDoorbell } from "../queue/doorbell/doorbell.ts";
import { createPlainRuns } from "../queue/record/plain/plain-runs.ts";
import type { NextClaim, RecordDeps, Recorded } from "../queue/record/record-outcomes.ts";
import { ensureResources, type ResourceLimit } from "../queue/resources.ts";
import type { RetryPolicy } from "../queue/retry/retry-policy.ts";
import { createShapeCache } from "../queue/shape/shape-cache.ts";
import type { StepExecutor } from "../step/step.ts";
import { createAnnouncer } from "./announce.ts";
import { createChunks, type Chunks } from "./chunks.ts";
import { startClaimLoop } from "./claim-loop.ts";
import { startDoorbell } from "./doorbell-runner.ts";
import { startEventTeller } from "./event-teller.ts";
import { startFlushLoop, type FlushOptions } from "./flush-loop.ts";
import { startLiveness } from "./liveness.ts";
import { startProbes, type AskResource } from "./probes.ts";
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
  /** The code that this process has loaded: it takes steps that are pinned to it. The same object for as long as the code is the same. @default it takes whatever it is given */
  readonly code?: () => Code;
  readonly resources: Readonly<Record<string, ResourceLimit>>;
  /** Asks a resource with a probe whether it is back. @default steps find out */
  readonly ask?: AskResource;
  readonly retry: Omit<RetryPolicy, "maxAttempts">;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  /** What running steps have to end when the worker stops, before they are handed back. */
  readonly graceMs?: number;
  /** Dead workers were taken away: what their attempts left can be cleared. @default nothing */
  readonly onReaped?: () => void;
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
  // Claims and records each have a connection; a reaper and a resolution may come between.
  const hot = await openLedger(ledger.url, { schema: "require", profile: "hot", maxConnections: 4 });
  const { db } = hot;
  await ensureResources(db, options.resources);
  const { id: installationId } = await db.selectFrom("installation").select("id").executeTakeFirstOrThrow();
  const deps: RecordDeps = {
    shapeOf: createShapeCache(),
    retry: options.retry,
    random: options.random,
    counters: createCounterMemory(),
    plain: createPlainRuns(),
  };
  const memory = createVersionMemory();
  const turns = createTurns();
  const runCode = createRunCode(deps.shapeOf, options.code ?? null);
  const reports = startStepReports(db, logger);
  const teller = startEventTeller(db, logger);
  const slots = createSlots({
    executor: options.executor,
    concurrency: options.concurrency,
    workerId: () => liveness.workerId(),
    listen: (step) => reports.listen(step),
    onEnded(ended) {
      turns.observe(ended.step.runId, ended.finishedAt.getTime() - ended.startedAt.getTime());
      flush.push(ended);
    },
  });
  const liveness = await startLiveness({
    client: connectionSettings(ledger.url),
    slots: options.concurrency,
    onLost: (why) => {
      logger.warn({ why }, "this worker is not seen as alive; its steps are let go");
      slots.abort(() => true, "released");
    },
  });
  const workerId = (): string => liveness.workerId();
  // Before it takes anything: of two codes the one that was declared later is the newer one.
  const announce = createAnnouncer(db, { workerId, stores: options.stores, code: options.code });
  await announce();
  const chunks = createChunks({
    db,
    slots,
    installationId,
    memory,
    turns,
    workerId,
    shapeOf: deps.shapeOf,
    concurrency: options.concurrency,
    stores: options.stores,
    code: runCode,
  });
  const claim = startClaimLoop({ db, chunks, logger, onClaimed: () => teller.tell() });
  const flush = startFlushLoop({
    ...createFlushOptions({ db, deps, logger, chunks, memory, onRecorded }),
    isMoreComing: () => slots.runningCount() > 0 && (slots.meanMs() ?? shortMs) < shortMs,
  });
  const sweeps = startSweeps({
    db,
    deps,
    logger,
    slots,
    workerId,
    isHeld: (step) => slots.has(step) || flush.has(step),
    announce,
    code: options.code,
    runCode,
    onReady: () => {
      teller.tell();
      claim.wake();
    },
    onReaped: options.onReaped ?? (() => {}),
  });
  const { ask, random, resources } = options;
  const onBack = (): void => ringQuietly(db, 1, logger);
  const probes = ask && startProbes({ db, resources, ask, logger, random, onReady: onBack });
  const doorbell = startDoorbell({ pool: ledger.pool, logger, onBell: () => claim.looked() });

  function onRecorded({ readyCount, retryInMs, mustLetGo, hasFreed }: Recorded): void {
    teller.tell();
    if (mustLetGo) slots.handBack();
    if (readyCount > 0 || hasFreed) claim.wake();
    else claim.wakeForMore();
    if (retryInMs !== null) setTimeout(() => claim.wake(), retryInMs + 1).unref();
    // What this worker cannot take itself is for others.
    const surplus = readyCount - Math.max(0, options.concurrency - slots.heldCount());
    if (surplus > 0 && sweeps.hasPeers()) ringQuietly(db, Math.ceil(surplus / options.concurrency), logger);
  }

  return {
    workerId,
    async [Symbol.asyncDispose]() {
      chunks.close();
      await claim.stop();
      await doorbell[Symbol.asyncDispose]();
      await endHeldSteps(slots, options.graceMs ?? 0);
      await flush.stop(10_000);
      await probes?.[Symbol.asyncDispose]();
      await sweeps[Symbol.asyncDispose]();
      await reports[Symbol.asyncDispose]();
      await teller[Symbol.asyncDispose]();
      await liveness[Symbol.asyncDispose]();
      await hot[Symbol.asyncDispose]();
    },
  };
}

/** Recording and claiming what became ready are one transaction; what it claimed is started when it has committed. */
function createFlushOptions(parts: {
  readonly db: LedgerDb;
  readonly deps: RecordDeps;
  readonly logger: Logger;
  readonly chunks: Chunks;
  readonly memory: VersionMemory;
  readonly onRecorded: (recorded: Recorded) => void;
}): FlushOptions {
  let endChunk = (): void => {};
  const next = (): NextClaim | undefined => {
    endChunk();
    const chunk = parts.chunks.begin();
    endChunk = chunk?.end ?? (() => {});
    return chunk?.request;
  };
  return {
    db: parts.db,
    deps: { ...parts.deps, next },
    logger: parts.logger,
    async onRecorded(recorded) {
      for (const { runId, ordinal, version } of recorded.made) parts.memory.add(runId, ordinal, version);
      await parts.chunks.start(recorded.held, recorded.heads);
      endChunk();
      endChunk = () => {};
      parts.onRecorded(recorded);
    },
  };
}

/** Steps shorter than this end so fast that it pays to record some of them together. */
const shortMs = 10;

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
