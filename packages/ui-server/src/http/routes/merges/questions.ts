import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { describeMerge, explainKey, getCut, listBatches, listCuts } from "../../../read/merges/read-merges.ts";
import type { ApiEnv } from "../../api-env.ts";
import { assetParam, noQuery, pageQuery, partition, toPageRequest } from "../../paging.ts";
import { problemResponses } from "../../problem-response.ts";
import { BatchPage, BatchStanding, Cut, CutPage, Explanation, Merge } from "./merge-shapes.ts";

const tags = ["Merges"];

const versionNumber = z.coerce
  .number()
  .int()
  .min(0)
  .max(2 ** 31 - 1);

const get = createRoute({
  method: "get",
  path: "/merges/{key}",
  operationId: "describeMerge",
  tags,
  summary: "What a merge joined, what it waits for, what was left out and why",
  request: { params: assetParam, query: noQuery },
  responses: {
    200: { description: "The merge", content: { "application/json": { schema: Merge } } },
    ...problemResponses,
  },
});

const cuts = createRoute({
  method: "get",
  path: "/merges/{key}/cuts",
  operationId: "listCuts",
  tags,
  summary: "What each version joins, newest first",
  request: { params: assetParam, query: z.strictObject({ ...pageQuery, partition: partition.optional() }) },
  responses: {
    200: { description: "A page", content: { "application/json": { schema: CutPage } } },
    ...problemResponses,
  },
});

const cut = createRoute({
  method: "get",
  path: "/merges/{key}/cuts/{version}",
  operationId: "getCut",
  tags,
  summary: "What one version joins",
  request: {
    params: assetParam.extend({ version: versionNumber.openapi({ param: { name: "version", in: "path" } }) }),
    query: z.strictObject({ partition: partition.optional().openapi({ description: "Of a merge with partitions" }) }),
  },
  responses: {
    200: { description: "The cut", content: { "application/json": { schema: Cut } } },
    ...problemResponses,
  },
});

const batches = createRoute({
  method: "get",
  path: "/merges/{key}/batches",
  operationId: "listBatches",
  tags,
  summary: "What the branches handed over, newest first",
  request: {
    params: assetParam,
    query: z.strictObject({
      ...pageQuery,
      partition: partition.optional(),
      branch: z.string().max(200).optional(),
      standing: BatchStanding.optional(),
      version: versionNumber
        .optional()
        .openapi({ description: "As the cut of that version has them; default: the latest" }),
    }),
  },
  responses: {
    200: { description: "A page", content: { "application/json": { schema: BatchPage } } },
    ...problemResponses,
  },
});

const keyPrefix = "key.";
const keyCell = z.string().max(2000);

/** Key cells come as parameters of their own: `key.iata=JFK`. */
const explainQuery = z
  .object({
    partition: partition.optional(),
    column: z.string().max(200).optional().openapi({ description: "Only this column's cell" }),
    at: versionNumber.optional().openapi({ description: "The version; default: the one that readers see" }),
  })
  .catchall(keyCell)
  .superRefine((query, context) => {
    const names = Object.keys(query).filter((name) => !["partition", "column", "at"].includes(name));
    const unknown = names.filter((name) => !name.startsWith(keyPrefix));
    for (const name of unknown) context.addIssue({ code: "custom", path: [name], message: "not a known parameter" });
    if (names.length === 0)
      context.addIssue({ code: "custom", path: ["key"], message: "key.<column>=<value> is required" });
  });

const explain = createRoute({
  method: "get",
  path: "/merges/{key}/explain",
  operationId: "explainKey",
  tags,
  summary: "Why the row of a key is as it is: winners, runners-up, tombstones and everything else that was said",
  description: "Each column of the key is a parameter of its own: `key.iata=JFK`.",
  // Written by hand: a schema has no words for parameters whose names are not known beforehand.
  parameters: [
    {
      name: "key.<column>",
      in: "query",
      required: true,
      schema: { type: "string", description: "Cell of a key column, as text" },
    },
  ],
  request: { params: assetParam, query: explainQuery },
  responses: {
    200: { description: "The explanation", content: { "application/json": { schema: Explanation } } },
    ...problemResponses,
  },
});

export function addMergeRoutes(api: OpenAPIHono<ApiEnv>): void {
  api.openapi(get, async (c) => c.json(await describeMerge(c.var.watersmeet, c.req.valid("param").key), 200));
  api.openapi(cuts, async (c) => {
    const { partition = null, ...page } = c.req.valid("query");
    const merge = c.req.valid("param").key;
    return c.json(await listCuts(c.var.watersmeet, { merge, partition }, toPageRequest(page)), 200);
  });
  api.openapi(cut, async (c) => {
    const { key: merge, version } = c.req.valid("param");
    const { partition = null } = c.req.valid("query");
    return c.json(await getCut(c.var.watersmeet, { merge, partition, version }), 200);
  });
  api.openapi(batches, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid("query");
    const merge = c.req.valid("param").key;
    return c.json(await listBatches(c.var.watersmeet, { merge, ...filter }, toPageRequest({ limit, cursor })), 200);
  });
  api.openapi(explain, async (c) => {
    const { partition = null, column = null, at = null, ...cells } = c.req.valid("query");
    const key = Object.fromEntries(Object.entries(cells).map(([name, text]) => [name.slice(keyPrefix.length), text]));
    const merge = c.req.valid("param").key;
    return c.json(await explainKey(c.var.watersmeet, { merge, partition, key, column, version: at }), 200);
  });
}
