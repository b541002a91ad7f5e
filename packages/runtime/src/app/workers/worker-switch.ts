import type { ProjectParts } from "../project-parts.ts";
import { createServiceSwitch, type ServiceSwitch } from "./service-switch.ts";

export function createWorkerSwitch(parts: ProjectParts): ServiceSwitch {
  return createServiceSwitch(() => startWorker(parts));
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
