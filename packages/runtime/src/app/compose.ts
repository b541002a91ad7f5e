import type { AssetKey } from "@watersmeet/core/values";
import type { Config } from "../config/config.ts";
import type { ConfigFlags } from "../config/load-config.ts";
import { createLedger } from "../ledger/create-ledger.ts";
import type { Logger } from "../observe/logger.ts";
import { openProject } from "../project/open-project.ts";
import { ensureResources } from "../queue/resources.ts";
import type { StoredAsset } from "../stores/port/staging.ts";
import { createHandle } from "./create-handle.ts";
import type { LedgerServer } from "./ledger/open-ledger-server.ts";
import { openProjectLedger } from "./ledger/open-project-ledger.ts";
import { createProjectChildren, projectOptions } from "./project/derive-project.ts";
import { findStored, listPositions } from "./project/project-assets.ts";
import { createEventSignal } from "./runs/event-signal.ts";
import { createStoreSet } from "./stores/store-set.ts";
import type { Watersmeet } from "./watersmeet.ts";

export interface OpenOptions {
  /** The project is looked for here and upwards. */
  readonly directory: string;
  readonly flags?: ConfigFlags;
  /** @default {} */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** @default warnings, as JSON lines on stderr */
  readonly logger?: Logger;
  /** Whether a worker will be started: what it needs is loaded while the database starts. @default false */
  readonly startsWorker?: boolean;
}

/** What is there before the runtime is put together. */
export interface Beginnings {
  readonly config: Config;
  readonly logger: Logger;
  readonly starting: Promise<LedgerServer>;
}

/** Opens a project's ledger, when its server has started, and its code. The one place where the runtime is put together. */
export async function compose(
  { env = {}, startsWorker = false }: OpenOptions,
  { config, logger, starting }: Beginnings,
): Promise<Watersmeet> {
  await using stack = new AsyncDisposableStack();
  const children = stack.use(createProjectChildren(config, { size: config.worker.concurrency, env }));
  // Neither needs the other, and each takes a while. Both are awaited, so that a failure of one leaves nothing of the other behind.
  const [opened, loaded] = await Promise.allSettled([
    openProjectLedger(starting),
    openProject(projectOptions(config, children)),
    ...(startsWorker ? [import("./workers/project-worker.ts")] : []),
  ]);
  const connections = stack.use(opened.status === "fulfilled" ? opened.value : raise(opened.reason));
  const project = loaded.status === "fulfilled" ? stack.use(loaded.value) : raise(loaded.reason);
  const positionsOf = (asset: string): readonly string[] => listPositions(project.current(), asset);
  const storedOf = (asset: AssetKey): StoredAsset | undefined => findStored(project.current(), asset);
  const stores = stack.use(createStoreSet({ config, db: connections.db, logger, positionsOf, storedOf }));
  const events = stack.use(createEventSignal(connections.url));
  await ensureResources(connections.db, config.resources);
  const ledger = createLedger(connections.db);
  return createHandle({ config, logger, children, connections, ledger, project, stores, events, close: stack.move() });
}

function raise(reason: unknown): never {
  throw reason;
}
