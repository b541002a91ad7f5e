import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { getMaterialization, listMaterializations, traceMaterialization } from "../../read/list-materializations.ts";
import type { ApiEnv } from "../api-env.ts";
import { anyJson, assetParam, idParam, noQuery, pageOf, pageQuery, partition, toPageRequest } from "../paging.ts";
import { problemResponses } from "../problem-response.ts";

const tags = ["Materializations"];

const Materialization = z
  .object({
    id: z.string(),
    asset: z.string(),
    partition: z.string(),
    version: z.int(),
    commitId: z.string(),
    codeVersion: z.string(),
    schemaVersion: z.string(),
    dataDigest: z.string(),
    rowCount: z.int(),
    sizeBytes: z.int(),
    quarantinedCount: z.int(),
    facts: anyJson,
    store: z.string(),
    environment: z.string(),
    runId: z.string().nullable(),
    attempt: z.int(),
    requestedBy: z.string(),
    traceId: z.string(),
    startedAt: z.iso.datetime(),
    committedAt: z.iso.datetime(),
    isHead: z.boolean().openapi({ description: "Whether readers see this version" }),
    inputs: z
      .array(
        z.object({
          position: z.string(),
          asset: z.string(),
          partition: z.string(),
          version: z.int(),
          commitId: z.string(),
          materializationId: z.string().nullable(),
        }),
      )
      .readonly()
      .openapi({ description: "The versions that it was made from" }),
  })
  .openapi("Materialization");

const list = createRoute({
  method: "get",
  path: "/assets/{key}/materializations",
  operationId: "listMaterializations",
  tags,
  summary: "Records of an asset's versions, newest first",
  request: { params: assetParam, query: z.strictObject({ ...pageQuery, partition: partition.optional() }) },
  responses: {
    200: {
      description: "A page",
      content: { "application/json": { schema: pageOf(Materialization, "MaterializationPage") } },
    },
    ...problemResponses,
  },
});

const get = createRoute({
  method: "get",
  path: "/materializations/{id}",
  operationId: "getMaterialization",
  tags,
  summary: "One version, with the versions that it was made from",
  request: { params: idParam, query: noQuery },
  responses: {
    200: { description: "The record", content: { "application/json": { schema: Materialization } } },
    ...problemResponses,
  },
});

const trace = createRoute({
  method: "get",
  path: "/materializations/{id}/lineage",
  operationId: "traceMaterialization",
  tags,
  summary: "Every version that a version was made from, transitively, nearest first",
  request: { params: idParam, query: noQuery },
  responses: {
    200: {
      description: "The versions and how they lead to each other",
      content: {
        "application/json": {
          schema: z
            .object({
              root: z.string(),
              nodes: z.array(Materialization).readonly(),
              edges: z.array(z.object({ from: z.string(), to: z.string(), position: z.string() })).readonly(),
            })
            .openapi("MaterializationLineage"),
        },
      },
    },
    ...problemResponses,
  },
});

export function addMaterializationRoutes(api: OpenAPIHono<ApiEnv>): void {
  api.openapi(list, async (c) => {
    const { partition, ...page } = c.req.valid("query");
    const asset = c.req.valid("param").key;
    return c.json(await listMaterializations(c.var.watersmeet, { asset, partition }, toPageRequest(page)), 200);
  });
  api.openapi(get, async (c) => c.json(await getMaterialization(c.var.watersmeet, c.req.valid("param").id), 200));
  api.openapi(trace, async (c) => c.json(await traceMaterialization(c.var.watersmeet, c.req.valid("param").id), 200));
}
