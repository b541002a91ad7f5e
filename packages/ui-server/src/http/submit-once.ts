import { WatersmeetError } from "@watersmeet/core/errors";
import type { RunRecord, RunRequest } from "@watersmeet/runtime";
import type { Context } from "hono";
import { requireSound } from "../read/require-sound.ts";
import { toRunDto } from "../read/run-dto.ts";
import type { ApiEnv } from "./api-env.ts";

type Submission = Omit<RunRequest, "requestedBy" | "idempotencyKey">;

/** Starts a run, once per Idempotency-Key. @throws {PROJECT_INVALID} @throws {IDEMPOTENCY_CONFLICT} when the key was used for another request */
async function submitOnce(
  c: Context<ApiEnv>,
  submission: Submission,
): Promise<{ readonly run: RunRecord; readonly isExisting: boolean }> {
  requireSound(c.var.watersmeet.project());
  const key = c.req.header("idempotency-key");
  const request = { ...submission, requestedBy: readRequester(c) };
  const { run, isExisting } = await c.var.watersmeet.submitRun(
    key === undefined ? request : { ...request, idempotencyKey: key },
  );
  if (isExisting && !isSameRequest(run, submission)) {
    throw new WatersmeetError(
      "IDEMPOTENCY_CONFLICT",
      `This Idempotency-Key already made run ${run.id}, of "${run.select}"`,
      {
        hint: "Use a new key for a new request",
      },
    );
  }
  return { run, isExisting };
}

/** Starts a run as `submitOnce` does, and answers with it: 201 when it is new. */
export async function respondWithRun(c: Context<ApiEnv>, submission: Submission) {
  const { run, isExisting } = await submitOnce(c, submission);
  return isExisting ? c.json(toRunDto(run), 200) : c.json(toRunDto(run), 201);
}

/** `web` for our own pages, which browsers mark so; who a command line says that it is; `http` for everyone else. */
export function readRequester(c: Context): string {
  if (c.req.header("sec-fetch-site") === "same-origin") return "web";
  const named = c.req.header("watersmeet-requested-by") ?? "";
  return /^cli:[\w.@-]{1,120}$/.test(named) ? named : "http";
}

function isSameRequest(run: RunRecord, submission: Submission): boolean {
  return (
    run.kind === (submission.kind ?? "run") &&
    run.select === submission.select &&
    run.partitions === (submission.partitions ?? null) &&
    run.maxParallel === (submission.maxParallel ?? null)
  );
}
