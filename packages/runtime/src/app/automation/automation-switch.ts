import type { AutomationDeps } from "../../automation/automation-deps.ts";
import { createLookMemory } from "../../automation/look-memory.ts";
import type { ProjectParts } from "../project-parts.ts";
import { readState, type PlanDeps } from "../runs/make-plan.ts";
import { submitRequest } from "../runs/submit-request.ts";
import { createServiceSwitch, type ServiceSwitch } from "../workers/service-switch.ts";

/** What evaluating automation stands on, of an open project. */
export function createAutomationDeps(parts: ProjectParts, plans: PlanDeps): AutomationDeps {
  return {
    db: parts.connections.db,
    environment: parts.config.environment,
    project: () => parts.project.current(),
    children: parts.children,
    readState: (project, assets) => readState(plans, project, assets),
    async submit({ select, partitions, force, refresh, at, requestedBy, idempotencyKey }) {
      const request = {
        select,
        ...(partitions === null ? {} : { partitions }),
        ...(force ? { force } : {}),
        ...(refresh ? { refresh } : {}),
        requestedBy,
        idempotencyKey,
      };
      const { run } = await submitRequest(parts, plans, at === null ? request : { ...request, at });
      return run.id;
    },
    now: () => new Date(),
    memory: createLookMemory(),
    logger: parts.logger,
  };
}

/** What evaluates is loaded by processes that do: most commands only ask and submit. */
export function createAutomationSwitch({ connections, events }: ProjectParts, deps: AutomationDeps): ServiceSwitch {
  return createServiceSwitch(async () => {
    const { startAutomation } = await import("../../automation/start-automation.ts");
    return startAutomation({ ...deps, url: connections.url, events });
  });
}
