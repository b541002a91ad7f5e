import { codes, isWatersmeetError } from "@watersmeet/core/errors";
import type { AutomationDeps } from "./automation-deps.ts";
import { closeRequest, listOpenRequests, type OpenRequest } from "./records/open-requests.ts";

/**
 * Makes the runs that were asked for and are not there yet, also those of an evaluator that died in between. Each has a key of its own, so a second try gives the same
 * run. What can never become a run, since an asset is gone, is closed with the reason; anything else is tried again.
 */
export async function submitRequests(deps: AutomationDeps): Promise<void> {
  for (const open of await listOpenRequests(deps.db, deps.environment)) {
    await submitOne(deps, open);
    await deps.onPhase?.("submitted");
  }
}

async function submitOne(deps: AutomationDeps, { id, name, request }: OpenRequest): Promise<void> {
  try {
    const runId = await deps.submit({
      select: request.select,
      partitions: request.partitions,
      force: request.force,
      refresh: request.refresh,
      at: request.at === null ? null : new Date(request.at),
      requestedBy: `automation:${name}`,
      idempotencyKey: `automation:${id}`,
    });
    await closeRequest(deps.db, id, { runId });
    deps.logger.info({ automation: name, run: runId }, "a run was started by itself");
  } catch (error) {
    if (!isWatersmeetError(error) || codes[error.code].httpStatus >= 500 || codes[error.code].isRetryable) throw error;
    const { code, message, hint = null } = error;
    await closeRequest(deps.db, id, { failure: { code, message, hint } });
    deps.logger.warn({ automation: name, code, error: message }, "what an automation asked for cannot be run");
  }
}
