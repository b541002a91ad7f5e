import type { ProjectParts } from "./project-parts.ts";

export interface WorkerSwitch {
  /** One per process: what a second call gives ends nothing. */
  start(): Promise<AsyncDisposable>;
  stop(): Promise<void>;
}

export function createWorkerSwitch(parts: ProjectParts): WorkerSwitch {
  let running: Promise<AsyncDisposable> | null = null;
  const stop = async (): Promise<void> => {
    const stopping = running;
    running = null;
    await (await stopping)?.[Symbol.asyncDispose]();
  };
  return {
    async start() {
      if (running !== null) {
        await running;
        return { async [Symbol.asyncDispose]() {} };
      }
      running = startWorker(parts);
      try {
        await running;
      } catch (error) {
        running = null;
        throw error;
      }
      return { [Symbol.asyncDispose]: stop };
    },
    stop,
  };
}

/** What executes steps is loaded by processes that do: most commands only ask and submit. */
async function startWorker(parts: ProjectParts): Promise<AsyncDisposable> {
  const { startProjectWorker } = await import("./project-worker.ts");
  return await startProjectWorker({
    config: parts.config,
    ledger: parts.connections,
    stores: parts.stores,
    children: parts.children,
    project: () => parts.project.current(),
    logger: parts.logger,
  });
}
