import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { getBackfill, listRuns } from "../../read/list-runs.ts";
import { toRunDto } from "../../read/run-dto.ts";
import type { ApiEnv } from "../api-env.ts";
import { pageOf, pageQuery, toPageRequest } from "../paging.ts";
import { problemResponses } from "../problem-response.ts";
import { respondWithRun } from "../submit-once.ts";
import {
  givesRun,
  maxParallel,
  onDeploy,
  planMembers,
  requiredPartitions,
  Run,
  RunState,
  startsRun,
} from "./run-schemas.ts";

const tags = ["Backfills"];

const create = createRoute({
  path: "/backfills",
  operationId: "createBackfill",
  tags,
  summary: "Runs a range of partitions. POST /plans with the same members tells beforehand what it would do",
  ...startsRun(
    z
      .strictObject({ ...planMembers, partitions: requiredPartitions, maxParallel, onDeploy })
      .openapi("BackfillRequest"),
    {
      made: "The backfill, which is a run",
      known: "The backfill that the same Idempotency-Key made before",
    },
  ),
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
  path: "/backfills/{id}",
  operationId: "getBackfill",
  tags,
  summary: "One backfill. Its steps and actions are under /runs/{id}",
  ...givesRun,
});

export function addBackfillRoutes(api: OpenAPIHono<ApiEnv>): void {
  api.openapi(create, (c) => respondWithRun(c, { kind: "backfill", ...c.req.valid("json") }));
  api.openapi(list, async (c) => {
    const { state, ...page } = c.req.valid("query");
    return c.json(await listRuns(c.var.watersmeet.ledger, { kind: "backfill", state }, toPageRequest(page)), 200);
  });
  api.openapi(get, async (c) =>
    c.json(toRunDto(await getBackfill(c.var.watersmeet.ledger, c.req.valid("param").id)), 200),
  );
}
