import { setTimeout as sleep } from "node:timers/promises";
import { run, type Runner } from "graphile-worker";
import type pg from "pg";
import type { Logger } from "../observe/logger.ts";
import { chunkTask, doorbellSchema } from "../queue/doorbell/doorbell.ts";
import { adaptGraphileLogger } from "../queue/doorbell/quiet-graphile.ts";

export interface DoorbellOptions {
  readonly pool: pg.Pool;
  readonly logger: Logger;
  /** Resolves when the worker has looked for work after the bell. Never rejects. */
  readonly onBell: () => Promise<void>;
}

/** What a runner has to stop. One whose connections were cut may never say that it has (seen under load): what it holds then is bells, and the worker ends without it. */
const stopWithinMs = 3000;

/**
 * Listens to the doorbell through graphile-worker. Its runner may stop itself, with a promise that resolves, after one failed completion; so its end is
 * watched and it is started again, with a pause that grows. What it holds then is bells, and bells are worth nothing.
 */
export function startDoorbell(options: DoorbellOptions): AsyncDisposable {
  let runner: Runner | null = null;
  const stopping = new AbortController();
  const supervise = async (): Promise<void> => {
    for (let delayMs = 50; !stopping.signal.aborted; delayMs = Math.min(5000, delayMs * 2)) {
      const startedMs = performance.now();
      try {
        runner = await startRunner(options);
        if (stopping.signal.aborted) await runner.stop();
        await runner.promise;
      } catch (error) {
        options.logger.warn({ error: String(error) }, "the doorbell failed");
      }
      runner = null;
      if (performance.now() - startedMs > 60_000) delayMs = 50;
      if (!stopping.signal.aborted) await sleep(delayMs);
    }
  };
  const done = supervise();
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      const stopped = new AbortController();
      const stop = async (): Promise<void> => {
        await runner?.stop().catch(() => {});
        await done;
        stopped.abort();
      };
      await Promise.race([stop(), sleep(stopWithinMs, undefined, { signal: stopped.signal }).catch(() => {})]);
    },
  };
}

function startRunner(options: DoorbellOptions): Promise<Runner> {
  return run({
    pgPool: options.pool,
    schema: doorbellSchema,
    // Two bells are enough to keep a worker awake; one that has no room leaves the others to its peers.
    concurrency: 2,
    pollInterval: 5000,
    noHandleSignals: true,
    // Answered one by one, nobody awaits the answer: one that fails would be a rejection that nobody handles, and the end of the process.
    preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
    logger: adaptGraphileLogger(options.logger),
    taskList: { [chunkTask]: options.onBell },
  });
}
