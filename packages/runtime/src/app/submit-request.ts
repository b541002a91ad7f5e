import { randomBytes } from "node:crypto";
import type { WaitPolicy } from "@watersmeet/core";
import type { AssetKey } from "@watersmeet/core/values";
import { notifyFollowers } from "../ledger/events.ts";
import type { Project } from "../project/project.ts";
import { ringDoorbell } from "../queue/doorbell/doorbell.ts";
import { insertRun, type AssetExecution } from "../queue/submit-run.ts";
import { makePlan, type PlanDeps } from "./make-plan.ts";
import type { ProjectParts } from "./project-parts.ts";
import { getRun } from "./run-control.ts";
import type { RunRequest, Watersmeet } from "./watersmeet.ts";

type Submitted = Awaited<ReturnType<Watersmeet["submitRun"]>>;

/** Plans, records run and steps, rings the doorbell. With nothing to do the run has succeeded at once. */
export async function submitRequest(parts: ProjectParts, plans: PlanDeps, request: RunRequest): Promise<Submitted> {
  const { kind, maxParallel, requestedBy, idempotencyKey, ...planRequest } = request;
  const { db } = parts.connections;
  const project = parts.project.current();
  const plan = await makePlan(plans, project, planRequest);
  const { id, isExisting } = await insertRun(db, {
    kind: kind ?? "run",
    plan,
    executionOf: (asset) => executionOf(project, parts, asset),
    requestedBy,
    idempotencyKey: idempotencyKey ?? null,
    maxParallel: maxParallel ?? null,
    traceId: randomBytes(16).toString("hex"),
  });
  if (plan.stepCount > 0) await ringDoorbell(db, Math.ceil(plan.stepCount / parts.config.worker.concurrency));
  await notifyFollowers(db);
  return { run: await getRun(parts.ledger, id), plan, isExisting };
}

/** How a merge waits that says nothing of it. */
const waitForAll: WaitPolicy = { quorum: null, deadlineMs: null, required: [] };

/** Resources that the configuration says nothing of have no limit, and cost nothing. */
function executionOf(project: Project, { config }: ProjectParts, key: AssetKey): AssetExecution {
  const spec = project.specs.get(key);
  const named = project.graph.assets.get(key)?.resource ?? null;
  const stagedBytes = spec?.execution.stagedBytes ?? config.budgets.stagedBytes;
  const uses = spec?.execution.resources ?? (named === null ? [] : [{ name: named, weight: 1 }]);
  return {
    store: spec?.store ?? "default",
    resources: uses.filter((use) => config.resources[use.name] !== undefined),
    maxAttempts: spec?.execution.maxAttempts ?? config.retries.maxAttempts,
    stagedBytes: stagedBytes === false ? null : stagedBytes,
    ...(spec === undefined || spec.policy === null ? {} : { wait: spec.merge?.wait ?? waitForAll }),
  };
}
