import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { listAudit } from "../../../read/merges/read-audit.ts";
import type { ApiEnv } from "../../api-env.ts";
import { anyJson, assetParam, pageOf, pageQuery, toPageRequest } from "../../paging.ts";
import { problemResponses } from "../../problem-response.ts";

const AuditEntry = z
  .object({
    sequence: z.string().openapi({ description: "Orders entries as they were committed" }),
    at: z.string(),
    kind: z.enum([
      "version:committed",
      "head:moved",
      "batch:admitted",
      "batch:superseded",
      "batch:held",
      "batch:rejected",
      "batch:revoked",
      "epoch:registered",
      "order:given",
      "merge:frozen",
      "merge:unfrozen",
    ]),
    partition: z.string().nullable(),
    version: z.int().nullable(),
    by: z.string().nullable(),
    reason: z.string().nullable(),
    text: z.string().openapi({ description: "One sentence" }),
    details: z.record(z.string(), anyJson),
  })
  .openapi("AuditEntry");

export const AuditPage = pageOf(AuditEntry, "AuditPage");

const list = createRoute({
  method: "get",
  path: "/assets/{key}/audit",
  operationId: "listAudit",
  tags: ["Assets"],
  summary: "What happened to an asset, newest first, in the order of commit",
  request: { params: assetParam, query: z.strictObject(pageQuery) },
  responses: {
    200: { description: "A page", content: { "application/json": { schema: AuditPage } } },
    ...problemResponses,
  },
});

export function addAuditRoutes(api: OpenAPIHono<ApiEnv>): void {
  api.openapi(list, async (c) => {
    const asset = c.req.valid("param").key;
    return c.json(await listAudit(c.var.watersmeet, asset, toPageRequest(c.req.valid("query"))), 200);
  });
}
