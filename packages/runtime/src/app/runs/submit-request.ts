import { randomBytes } from "node:crypto";
import { notifyFollowers } from "../../ledger/events.ts";
import { ringDoorbell } from "../../queue/doorbell/doorbell.ts";
import { insertRun } from "../../queue/submit-run.ts";
import type { ProjectParts } from "../project-parts.ts";
import type { RunRequest, Watersmeet } from "../watersmeet.ts";
import { executionOf } from "./asset-execution.ts";
import { makePlan, type PlanDeps } from "./make-plan.ts";
import { getRun } from "./run-control.ts";

type Submitted = Awaited<ReturnType<Watersmeet["submitRun"]>>;

/** Plans, records run and steps, rings the doorbell. With nothing to do the run has succeeded at once. */
export async function submitRequest(parts: ProjectParts, plans: PlanDeps, request: RunRequest): Promise<Submitted> {
  const { kind, maxParallel, onDeploy, requestedBy, idempotencyKey, ...planRequest } = request;
  const { db } = parts.connections;
  const project = parts.project.current();
  const plan = await makePlan(plans, project, planRequest);
  const { id, isExisting } = await insertRun(db, {
    kind: kind ?? "run",
    plan,
    executionOf: (asset) => executionOf(project, parts.config, asset),
    requestedBy,
    idempotencyKey: idempotencyKey ?? null,
    maxParallel: maxParallel ?? null,
    onDeploy: onDeploy ?? "pin",
    traceId: randomBytes(16).toString("hex"),
  });
  if (plan.stepCount > 0) await ringDoorbell(db, Math.ceil(plan.stepCount / parts.config.worker.concurrency));
  await notifyFollowers(db);
  return { run: await getRun(parts.ledger, id), plan, isExisting };
}
