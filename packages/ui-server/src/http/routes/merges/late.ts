import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { listLate, readBatch } from "../../../read/merges/read-merges.ts";
import type { ApiEnv } from "../../api-env.ts";
import { idParam, pageQuery, toPageRequest } from "../../paging.ts";
import { problemResponses } from "../../problem-response.ts";
import { BatchPage, BatchRows } from "./merge-shapes.ts";

const tags = ["Merges"];

const list = createRoute({
  method: "get",
  path: "/late",
  operationId: "listLate",
  tags,
  summary: "Batches in the holding area, newest first",
  request: {
    query: z.strictObject({
      ...pageQuery,
      merge: z.string().max(200).optional().openapi({ description: "Of this merge; without: of all" }),
    }),
  },
  responses: {
    200: { description: "A page", content: { "application/json": { schema: BatchPage } } },
    ...problemResponses,
  },
});

const rows = createRoute({
  method: "get",
  path: "/batches/{id}/rows",
  operationId: "readBatch",
  tags,
  summary: "A batch, and some of its rows as they were delivered",
  request: {
    params: idParam,
    query: z.strictObject({ limit: z.coerce.number().int().min(1).max(1000).default(20) }),
  },
  responses: {
    200: { description: "The batch", content: { "application/json": { schema: BatchRows } } },
    ...problemResponses,
  },
});

export function addLateRoutes(api: OpenAPIHono<ApiEnv>): void {
  api.openapi(list, async (c) => {
    const { merge = null, ...page } = c.req.valid("query");
    return c.json(await listLate(c.var.watersmeet, { merge }, toPageRequest(page)), 200);
  });
  api.openapi(rows, async (c) => {
    const { id } = c.req.valid("param");
    return c.json(await readBatch(c.var.watersmeet, id, c.req.valid("query").limit), 200);
  });
}
