import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { getBackfill, listRuns } from "../../read/list-runs.ts";
import { toRunDto } from "../../read/run-dto.ts";
import type { ApiEnv } from "../api-env.ts";
import { idParam, noQuery, pageOf, pageQuery, toPageRequest } from "../paging.ts";
import { problemResponses } from "../problem-response.ts";
import { submitOnce } from "../submit-once.ts";
import {
  idempotencyHeader,
  maxParallel,
  planMembers,
  requiredPartitions,
  Run,
  runResponse,
  RunState,
} from "./run-schemas.ts";

const tags = ["Backfills"];

const create = createRoute({
  method: "post",
  path: "/backfills",
  operationId: "createBackfill",
  tags,
  summary: "Runs a range of partitions. POST /plans with the same members tells beforehand what it would do",
  request: {
    query: noQuery,
    headers: idempotencyHeader,
    body: {
      required: true,
      content: {
        "application/json": {
          schema: z
            .strictObject({ ...planMembers, partitions: requiredPartitions, maxParallel })
            .openapi("BackfillRequest"),
        },
      },
    },
  },
  responses: {
    201: { ...runResponse, description: "The backfill, which is a run" },
    200: { ...runResponse, description: "The backfill that the same Idempotency-Key made before" },
    ...problemResponses,
  },
});

const list = createRoute({
  method: "get",
  path: "/backfills",
  operationId: "listBackfills",
  tags,
  summary: "Backfills, newest first",
  request: { query: z.strictObject({ ...pageQuery, state: RunState.optional() }) },
  responses: {
    200: { description: "A page", content: { "application/json": { schema: pageOf(Run, "BackfillPage") } } },
    ...problemResponses,
  },
});

const get = createRoute({
  method: "get",
  path: "/backfills/{id}",
  operationId: "getBackfill",
  tags,
  summary: "One backfill. Its steps and actions are under /runs/{id}",
  request: { params: idParam, query: noQuery },
  responses: { 200: runResponse, ...problemResponses },
});

export function addBackfillRoutes(api: OpenAPIHono<ApiEnv>): void {
  api.openapi(create, async (c) => {
    const { run, isExisting } = await submitOnce(c, { kind: "backfill", ...c.req.valid("json") });
    return isExisting ? c.json(toRunDto(run), 200) : c.json(toRunDto(run), 201);
  });
  api.openapi(list, async (c) => {
    const { state, ...page } = c.req.valid("query");
    return c.json(await listRuns(c.var.watersmeet.ledger, { kind: "backfill", state }, toPageRequest(page)), 200);
  });
  api.openapi(get, async (c) =>
    c.json(toRunDto(await getBackfill(c.var.watersmeet.ledger, c.req.valid("param").id)), 200),
  );
}
