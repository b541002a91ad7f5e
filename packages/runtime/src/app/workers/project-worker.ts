import type { ChildPool } from "../../child/child-pool.ts";
import type { Config } from "../../config/config.ts";
import { configFileName } from "../../config/find-project.ts";
import { dropLeftStagings } from "../../doctor/stores/left-stagings.ts";
import type { LedgerConnections } from "../../ledger/open-ledger.ts";
import type { Logger } from "../../observe/logger.ts";
import type { Project } from "../../project/project.ts";
import { planSplit, recordSlices } from "../../queue/split/plan-splits.ts";
import { createStepExecutor } from "../../step/step-executor.ts";
import type { AskResource } from "../../worker/probes.ts";
import { startWorker } from "../../worker/start-worker.ts";
import { createCodeReader } from "../runs/asset-execution.ts";
import type { StoreSet } from "../stores/store-set.ts";

export interface ProjectWorkerDeps {
  readonly config: Config;
  readonly ledger: LedgerConnections;
  readonly stores: StoreSet;
  readonly children: ChildPool;
  readonly project: () => Project;
  readonly logger: Logger;
}

/** A store that another process owns now may be free later. */
const tryStoresEveryMs = 2000;

/** What running steps have to end when a worker is asked to stop. */
const graceMs = 10_000;

/** Starts executing steps of a project in this process: in its children, on the stores that it can open. */
export async function startProjectWorker(deps: ProjectWorkerDeps): Promise<AsyncDisposable> {
  const { config, stores, logger } = deps;
  await using stack = new AsyncDisposableStack();
  // A child starts while the stores open.
  deps.children.warm(1);
  await stores.openAll();
  const timer = setInterval(() => {
    if (stores.open.size === Object.keys(config.stores).length) return;
    stores.openAll().catch((error: unknown) => logger.warn({ error: String(error) }, "a store could not be opened"));
  }, tryStoresEveryMs);
  stack.defer(() => clearInterval(timer));
  const tidying = stack.use(createTidying(deps));
  tidying.run();
  const executor = stack.use(
    createStepExecutor({
      project: deps.project,
      stores: stores.open,
      children: deps.children,
      stateDirectory: config.stateDirectory,
      shadowPerMille: config.merges.shadowPerMille,
      splits: {
        plan: (step, request) => planSplit(deps.ledger.db, step, request),
        ended: (step, slices) => recordSlices(deps.ledger.db, step, slices),
      },
    }),
  );
  stack.use(
    await startWorker({
      ledger: deps.ledger,
      executor,
      concurrency: config.worker.concurrency,
      stores: () => new Set(stores.open.keys()),
      code: createCodeReader(deps.project, config),
      resources: config.resources,
      ask: createAsk(deps),
      retry: config.retries,
      logger,
      random: Math.random,
      graceMs,
      onReaped: () => tidying.run(),
    }),
  );
  return stack.move();
}

/** What the author's probe has. */
const probeMs = 10_000;

/** In a child, as all user code. */
function createAsk({ children, project, logger }: ProjectWorkerDeps): AskResource {
  return async (resource, signal) => {
    const { root, generation, manifest } = project();
    const answer = await children.perform(
      { kind: "probe", resource, configFile: configFileName },
      {
        subject: `the probe of ${resource}`,
        code: { root, generation, files: manifest.files },
        timeoutMs: probeMs,
        listener: {
          log: ({ level, message, fields }) => logger[level]({ resource, fields }, message),
          progress: () => {},
        },
        signal,
      },
    );
    if (answer.kind === "cancelled") return undefined;
    return answer.kind === "failure" ? answer.failure : null;
  };
}

/** Drops what attempts of dead workers have left in the stores, one time after the other. What fails is tried again with the next, or by the doctor. */
function createTidying({ ledger, stores, logger }: ProjectWorkerDeps): { run(): void } & AsyncDisposable {
  let tidying = Promise.resolve();
  const tidy = async (): Promise<void> => {
    for (const store of stores.open.values()) {
      const attempts = await dropLeftStagings(ledger.db, store);
      if (attempts.length > 0) logger.info({ store: store.name, attempts }, "what dead workers had staged was dropped");
    }
  };
  return {
    run() {
      tidying = tidying
        .then(tidy)
        .catch((error: unknown) =>
          logger.warn({ error: String(error) }, "what was left in stores could not be dropped"),
        );
    },
    [Symbol.asyncDispose]: () => tidying,
  };
}
