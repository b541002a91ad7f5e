import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { findRunSummary, getRun, listLogLines, listRuns, listRunSteps } from "../../read/list-runs.ts";
import { toRunDto } from "../../read/run-dto.ts";
import type { ApiEnv } from "../api-env.ts";
import { idParam, noQuery, pageOf, pageQuery, toPageRequest } from "../paging.ts";
import { problemResponses } from "../problem-response.ts";
import { readRequester, respondWithRun } from "../submit-once.ts";
import {
  givesRun,
  maxParallel,
  onDeploy,
  OnDeploy,
  planMembers,
  Run,
  runResponse,
  RunState,
  RunSummary,
  startsRun,
  Step,
  StepState,
} from "./run-schemas.ts";

const tags = ["Runs"];

const create = createRoute({
  path: "/runs",
  operationId: "createRun",
  tags,
  summary: "Plans, and starts what the plan says",
  ...startsRun(z.strictObject({ ...planMembers, maxParallel, onDeploy }).openapi("RunRequest"), {
    made: "The run, queued; with nothing to do, succeeded",
    known: "The run that the same Idempotency-Key made before",
  }),
});

const list = createRoute({
  method: "get",
  path: "/runs",
  operationId: "listRuns",
  tags,
  summary: "Runs, newest first",
  request: {
    query: z.strictObject({
      ...pageQuery,
      kind: z.enum(["run", "backfill"]).optional(),
      state: RunState.optional(),
    }),
  },
  responses: {
    200: { description: "A page", content: { "application/json": { schema: pageOf(Run, "RunPage") } } },
    ...problemResponses,
  },
});

const get = createRoute({ path: "/runs/{id}", operationId: "getRun", tags, summary: "One run", ...givesRun });

const summary = createRoute({
  method: "get",
  path: "/runs/{id}/summary",
  operationId: "summarizeRun",
  tags,
  summary: "What a run did, by asset, and its failures, grouped",
  request: { params: idParam, query: noQuery },
  responses: {
    200: { description: "The summary", content: { "application/json": { schema: RunSummary } } },
    ...problemResponses,
  },
});

const steps = createRoute({
  method: "get",
  path: "/runs/{id}/steps",
  operationId: "listSteps",
  tags,
  summary: "Steps in topological order",
  request: {
    params: idParam,
    query: z.strictObject({
      ...pageQuery,
      state: StepState.optional(),
      asset: z.string().max(200).optional(),
    }),
  },
  responses: {
    200: { description: "A page", content: { "application/json": { schema: pageOf(Step, "StepPage") } } },
    ...problemResponses,
  },
});

const LogLine = z
  .object({ at: z.iso.datetime(), level: z.string(), message: z.string(), attempt: z.int() })
  .openapi("LogLine");

const logs = createRoute({
  method: "get",
  path: "/runs/{id}/steps/{ordinal}/logs",
  operationId: "listLogLines",
  tags,
  summary: "What a step's code logged, oldest first",
  request: {
    params: idParam.extend({
      ordinal: z.coerce
        .number()
        .int()
        .min(0)
        .max(2 ** 31 - 1)
        .openapi({ param: { name: "ordinal", in: "path" } }),
    }),
    query: z.strictObject(pageQuery),
  },
  responses: {
    200: { description: "A page", content: { "application/json": { schema: pageOf(LogLine, "LogPage") } } },
    ...problemResponses,
  },
});

const actionSummaries = {
  cancel: "Cancels: running steps are stopped, finished ones stay",
  pause: "Starts no further step until resumed",
  resume: "Goes on with a paused run",
  retry: "Runs the failed, blocked and skipped steps of a finished run again",
} as const;

type Action = keyof typeof actionSummaries;

function actionRoute<const Name extends Action>(action: Name) {
  return createRoute({
    method: "post",
    path: `/runs/{id}/${action}`,
    operationId: `${action}Run`,
    tags,
    summary: actionSummaries[action],
    request: { params: idParam, query: noQuery },
    responses: { 200: runResponse, ...problemResponses },
  });
}

const changeOnDeploy = createRoute({
  method: "post",
  path: "/runs/{id}/on-deploy",
  operationId: "changeOnDeploy",
  tags,
  summary: "Says what becomes of the steps of a live run that have not begun when other code is deployed",
  request: {
    params: idParam,
    query: noQuery,
    body: { required: true, content: { "application/json": { schema: z.strictObject({ onDeploy: OnDeploy }) } } },
  },
  responses: { 200: runResponse, ...problemResponses },
});

export function addRunRoutes(api: OpenAPIHono<ApiEnv>): void {
  api.openapi(create, (c) => respondWithRun(c, { kind: "run", ...c.req.valid("json") }));
  api.openapi(list, async (c) => {
    const { kind, state, ...page } = c.req.valid("query");
    return c.json(await listRuns(c.var.watersmeet.ledger, { kind, state }, toPageRequest(page)), 200);
  });
  api.openapi(get, async (c) => c.json(toRunDto(await getRun(c.var.watersmeet.ledger, c.req.valid("param").id)), 200));
  api.openapi(summary, async (c) => c.json(await findRunSummary(c.var.watersmeet, c.req.valid("param").id), 200));
  api.openapi(steps, async (c) => {
    const { state, asset, ...page } = c.req.valid("query");
    const { id } = c.req.valid("param");
    return c.json(await listRunSteps(c.var.watersmeet, { id, state, asset }, toPageRequest(page)), 200);
  });
  api.openapi(logs, async (c) => {
    const step = c.req.valid("param");
    return c.json(await listLogLines(c.var.watersmeet.ledger, step, toPageRequest(c.req.valid("query"))), 200);
  });
  addRunActions(api);
}

function addRunActions(api: OpenAPIHono<ApiEnv>): void {
  const change = async (c: Context<ApiEnv>, id: string, action: `${Action}Run`) => {
    const run = await getRun(c.var.watersmeet.ledger, id);
    return c.json(toRunDto(await c.var.watersmeet[action](run.id, readRequester(c))), 200);
  };
  api.openapi(actionRoute("cancel"), (c) => change(c, c.req.valid("param").id, "cancelRun"));
  api.openapi(actionRoute("pause"), (c) => change(c, c.req.valid("param").id, "pauseRun"));
  api.openapi(actionRoute("resume"), (c) => change(c, c.req.valid("param").id, "resumeRun"));
  api.openapi(actionRoute("retry"), (c) => change(c, c.req.valid("param").id, "retryRun"));
  api.openapi(changeOnDeploy, async (c) => {
    const { watersmeet } = c.var;
    const run = await getRun(watersmeet.ledger, c.req.valid("param").id);
    const { onDeploy: policy } = c.req.valid("json");
    return c.json(toRunDto(await watersmeet.changeOnDeploy(run.id, policy, readRequester(c))), 200);
  });
}
