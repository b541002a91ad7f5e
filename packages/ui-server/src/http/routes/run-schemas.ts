import { z } from "@hono/zod-openapi";
import { anyJson, idParam, noQuery } from "../paging.ts";
import { problemResponses } from "../problem-response.ts";

// What the routes of runs, backfills and plans have in common.

export const StepCounts = z
  .object({
    waiting: z.int(),
    ready: z.int(),
    running: z.int(),
    succeeded: z.int(),
    unchanged: z.int(),
    failed: z.int(),
    blocked: z.int(),
    upstreamFailed: z.int(),
    cancelled: z.int(),
  })
  .openapi("StepCounts");

export const StepState = StepCounts.keyof().openapi("StepState");

export const RunState = z
  .enum(["queued", "running", "paused", "cancelling", "succeeded", "failed", "cancelled"])
  .openapi("RunState");

const FailureClass = z.string().openapi({
  description:
    "`transient`: may pass; `permanent`: will not; `data`: rows are at fault; `poison`: it takes its process down",
  example: "data",
});

export const Failure = z
  .object({
    class: FailureClass,
    code: z.string(),
    message: z.string(),
    hint: z.string().nullable(),
    details: anyJson,
  })
  .openapi("Failure");

export const OnDeploy = z.enum(["pin", "upgrade", "abort"]).openapi("OnDeploy", {
  description:
    "What becomes of steps that have not begun when workers with other code register: `pin`: they wait for a worker with the code that they were planned with; `upgrade`: they go on with the new code; `abort`: the run is cancelled",
});

export const Run = z
  .object({
    id: z.string(),
    kind: z.enum(["run", "backfill"]),
    environment: z.string(),
    state: RunState,
    select: z.string(),
    partitions: z.string().nullable(),
    requestedBy: z.string(),
    createdAt: z.iso.datetime(),
    startedAt: z.iso.datetime().nullable(),
    finishedAt: z.iso.datetime().nullable(),
    maxParallel: z.int().nullable(),
    onDeploy: OnDeploy,
    failure: Failure.nullable().openapi({ description: "Why it was cancelled, when nobody asked for it" }),
    stepCount: z.int(),
    skipped: z.record(z.string(), z.int()).openapi({ description: "Skipped while planning, by reason" }),
    steps: StepCounts,
  })
  .openapi("Run");

export const RunReason = z
  .object({ kind: z.string(), inputs: z.array(z.string()).readonly().exactOptional() })
  .openapi("RunReason", { description: "Why a step runs" });

export const Step = z
  .object({
    runId: z.string(),
    ordinal: z.int(),
    asset: z.string(),
    partition: z.string(),
    state: StepState,
    reason: RunReason,
    attempt: z.int(),
    startedAt: z.iso.datetime().nullable(),
    finishedAt: z.iso.datetime().nullable(),
    notBefore: z.iso.datetime().nullable().openapi({ description: "A retry waits until then" }),
    waitingFor: z
      .object({
        kind: z.string(),
        text: z.string(),
        resource: z.string().nullable(),
        until: z.iso.datetime().nullable(),
      })
      .nullable()
      .openapi({ description: "What keeps it from starting; `null`: it runs, or has ended" }),
    workerId: z.string().nullable(),
    progress: z.object({ done: z.number(), total: z.number().nullable(), message: z.string().nullable() }).nullable(),
    failure: Failure.nullable(),
    materializationId: z.string().nullable(),
    rowCount: z.int().nullable(),
  })
  .openapi("Step");

/** Of a run as a whole, and of one asset in its last run. */
export const Outliers = z
  .array(
    z.discriminatedUnion("kind", [
      z.object({
        kind: z.literal("straggler"),
        asset: z.string(),
        partition: z.string(),
        elapsedMs: z.number(),
        medianMs: z.number(),
      }),
      z.object({
        kind: z.literal("skewed"),
        asset: z.string(),
        partition: z.string(),
        rowCount: z.int(),
        medianRows: z.number(),
        tookMs: z.number(),
      }),
    ]),
  )
  .readonly()
  .openapi({ description: "Steps unlike the others of their asset: far slower, or with far more rows" });

export const Splits = z
  .array(
    z.object({
      asset: z.string(),
      partition: z.string(),
      attempt: z.int(),
      parts: z.int().openapi({ description: "Slices" }),
      wanted: z.int().openapi({ description: "Slices that it should have by what was seen: plans follow by and by" }),
      rowCount: z.int().openapi({ description: "Rows of the input that is sliced" }),
      medianRows: z.number().nullable().openapi({ description: "Of the other partitions" }),
      expectedMs: z.number().nullable().openapi({ description: "What it takes in one piece" }),
      slices: z
        .array(z.object({ rowCount: z.int(), tookMs: z.number() }))
        .readonly()
        .nullable()
        .openapi({ description: "Largest first, those without rows left out; `null`: they have not all ended well" }),
      text: z.string().openapi({ description: "All of it in words" }),
    }),
  )
  .readonly()
  .openapi({ description: "Partitions that were made in slices of their input's rows" });

export const RunSummary = z
  .object({
    runId: z.string(),
    state: RunState,
    stepCount: z.int(),
    skipped: z.record(z.string(), z.int()),
    assets: z
      .array(
        z.object({
          asset: z.string(),
          stepCount: z.int(),
          steps: StepCounts,
          rowCount: z.int(),
          wallMs: z.number(),
          busyMs: z.number(),
        }),
      )
      .readonly(),
    rowCount: z.int(),
    wallMs: z.number(),
    busyMs: z.number(),
    parallelism: z.number().openapi({ description: "Busy time ÷ wall time" }),
    failures: z
      .array(
        z.object({
          asset: z.string(),
          state: z.enum(["failed", "blocked"]),
          partitions: z.array(z.string()).readonly(),
          class: FailureClass,
          code: z.string(),
          message: z.string(),
          hint: z.string().nullable(),
          sampleRows: z.array(z.record(z.string(), anyJson)).readonly(),
        }),
      )
      .readonly(),
    outliers: Outliers,
    splits: Splits,
  })
  .openapi("RunSummary");

export const runResponse = {
  description: "The run",
  content: { "application/json": { schema: Run } },
} as const;

export const idempotencyHeader = z.object({
  "idempotency-key": z
    .string()
    .min(1)
    .max(200)
    .optional()
    .openapi({ description: "The same key gives the same run; with another request it is refused" }),
});

const select = z.string().min(1).max(2000).openapi({ description: "Selection grammar", example: "+dailyDelays" });
const partitions = z.string().min(1).max(500);

/** Members of every request that plans. Exact: a member that is left out is absent, never `undefined`. */
export const planMembers = {
  select,
  partitions: partitions.exactOptional().openapi({ example: "2001-02-01..2001-02-28" }),
  force: z.boolean().exactOptional(),
  missingOnly: z.boolean().exactOptional(),
} as const;

export const maxParallel = z
  .int()
  .min(1)
  .max(10_000)
  .exactOptional()
  .openapi({ description: "Steps at the same time" });

export const onDeploy = OnDeploy.exactOptional();

export const requiredPartitions = partitions.openapi({ example: "2001-02-01..2001-02-28" });

/** What every route has that starts a run, once per Idempotency-Key. `made` and `known` describe its two good answers. */
export function startsRun<Body extends z.ZodType>(
  body: Body,
  { made, known }: { readonly made: string; readonly known: string },
) {
  return {
    method: "post",
    request: {
      query: noQuery,
      headers: idempotencyHeader,
      body: { required: true, content: { "application/json": { schema: body } } },
    },
    responses: {
      201: { ...runResponse, description: made },
      200: { ...runResponse, description: known },
      ...problemResponses,
    },
  } as const;
}

/** What every route has that gives one run. */
export const givesRun = {
  method: "get",
  request: { params: idParam, query: noQuery },
  responses: { 200: runResponse, ...problemResponses },
} as const;
