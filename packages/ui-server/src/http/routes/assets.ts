import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { getAssetDetail, listAssets } from "../../read/list-assets.ts";
import { explainPartition, previewRows } from "../../read/preview-rows.ts";
import { findAssetOutliers } from "../../read/split-dto.ts";
import type { ApiEnv } from "../api-env.ts";
import { anyJson, assetParam, noQuery, partition } from "../paging.ts";
import { problemResponses } from "../problem-response.ts";
import { AutomationExplanation } from "./automation-shapes.ts";
import { Outliers, Splits } from "./run-schemas.ts";

export const PartitionStatus = z
  .enum(["materialized", "stale", "missing", "failed", "running"])
  .openapi("PartitionStatus");

export const StatusCounts = z
  .object({
    materialized: z.int(),
    stale: z.int(),
    missing: z.int(),
    failed: z.int(),
    running: z.int(),
  })
  .openapi("StatusCounts");

const SimplePartitions = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("time"),
    grain: z.enum(["hour", "day", "week", "month"]),
    start: z.string(),
    end: z.string().nullable(),
    timeZone: z.string(),
  }),
  z.object({ kind: z.literal("listed"), keys: z.array(z.string()).readonly() }),
  z.object({ kind: z.literal("buckets"), count: z.int() }),
]);

export const Partitions = z
  .union([
    SimplePartitions,
    z.object({ kind: z.literal("product"), first: SimplePartitions, second: SimplePartitions }),
  ])
  .openapi("Partitions");

export const Mapping = z
  .object({ kind: z.string(), count: z.int().exactOptional(), by: z.int().exactOptional() })
  .openapi("Mapping", { description: "Which partitions of the upstream asset a partition reads" });

const Asset = z
  .object({
    key: z.string(),
    kind: z.enum(["asset", "source", "query", "merge"]),
    doc: z.string(),
    file: z.string(),
    line: z.int(),
    group: z.string().nullable(),
    tags: z.array(z.string()).readonly(),
    resource: z.string().nullable(),
    partitions: Partitions.nullable().openapi({ description: "`null`: not partitioned" }),
    inputs: z
      .array(z.object({ asset: z.string(), name: z.string(), mapping: Mapping, isOptional: z.boolean() }))
      .readonly(),
    health: PartitionStatus,
    counts: StatusCounts,
    head: z
      .object({ partitionCount: z.int(), rowCount: z.int(), lastCommittedAt: z.iso.datetime() })
      .nullable()
      .openapi({ description: "What readers see; `null`: nothing was ever published" }),
  })
  .openapi("Asset");

const AssetDetail = Asset.extend({
  downstream: z.array(z.string()).readonly(),
  codeVersion: z.string(),
  schemaVersion: z.string(),
  store: z.string().nullable(),
  columns: z.array(z.object({ name: z.string(), type: z.string(), isNullable: z.boolean() })).readonly(),
  gates: z.array(z.object({ id: z.string(), message: z.string() })).readonly(),
  policy: z.record(z.string(), anyJson).nullable().openapi({ description: "Of a merge" }),
}).openapi("AssetDetail");

const list = createRoute({
  method: "get",
  path: "/assets",
  operationId: "listAssets",
  tags: ["Assets"],
  summary: "Every asset, in topological order",
  request: {
    query: z.strictObject({
      select: z
        .string()
        .max(2000)
        .optional()
        .openapi({ description: "Selection grammar: `+orders`, `tag:daily kind:merge`", example: "+dailyDelays" }),
    }),
  },
  responses: {
    200: {
      description: "The assets",
      content: {
        "application/json": { schema: z.object({ items: z.array(Asset).readonly() }).openapi("AssetList") },
      },
    },
    ...problemResponses,
  },
});

const get = createRoute({
  method: "get",
  path: "/assets/{key}",
  operationId: "getAsset",
  tags: ["Assets"],
  summary: "Definition, dependencies, partitioning, health and head",
  request: { params: assetParam, query: noQuery },
  responses: {
    200: { description: "The asset", content: { "application/json": { schema: AssetDetail } } },
    ...problemResponses,
  },
});

const rows = createRoute({
  method: "get",
  path: "/assets/{key}/rows",
  operationId: "previewRows",
  tags: ["Assets"],
  summary: "Some of the rows that readers see",
  request: {
    params: assetParam,
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(1000).default(20),
      partition: partition.optional(),
    }),
  },
  responses: {
    200: {
      description: "Rows; integers beyond 2^53 are texts",
      content: {
        "application/json": {
          schema: z
            .object({
              asset: z.string(),
              partition: z.string().nullable(),
              columns: z.array(z.string()).readonly(),
              rows: z.array(z.record(z.string(), anyJson)).readonly(),
            })
            .openapi("RowPreview"),
        },
      },
    },
    ...problemResponses,
  },
});

const why = createRoute({
  method: "get",
  path: "/assets/{key}/why",
  operationId: "explainAsset",
  tags: ["Assets"],
  summary: "Why a partition is where it is",
  request: { params: assetParam, query: z.strictObject({ partition: partition.optional() }) },
  responses: {
    200: {
      description: "The answer",
      content: {
        "application/json": {
          schema: z
            .object({
              asset: z.string(),
              partition: z.string().nullable(),
              status: PartitionStatus,
              reasons: z.array(z.string()).readonly().openapi({ description: "Sentences, the decisive one first" }),
              automation: AutomationExplanation.nullable().openapi({
                description: "Why the asset's condition requests it or does not; `null`: it has none",
              }),
            })
            .openapi("Why"),
        },
      },
    },
    ...problemResponses,
  },
});

const outliers = createRoute({
  method: "get",
  path: "/assets/{key}/outliers",
  operationId: "findOutliers",
  tags: ["Assets"],
  summary: "Steps of its last run that were unlike the others, and those that were made in slices",
  request: { params: assetParam, query: noQuery },
  responses: {
    200: {
      description: "The steps",
      content: {
        "application/json": {
          schema: z
            .object({ runId: z.string().nullable(), outliers: Outliers, splits: Splits })
            .openapi("AssetOutliers"),
        },
      },
    },
    ...problemResponses,
  },
});

export function addAssetRoutes(api: OpenAPIHono<ApiEnv>): void {
  api.openapi(list, async (c) => {
    const { select } = c.req.valid("query");
    return c.json({ items: await listAssets(c.var.watersmeet, select ?? "*") }, 200);
  });
  api.openapi(get, async (c) => {
    const key = c.req.valid("param").key;
    return c.json(await getAssetDetail(c.var.watersmeet, key), 200);
  });
  api.openapi(rows, async (c) => {
    const { limit, partition } = c.req.valid("query");
    const key = c.req.valid("param").key;
    return c.json(await previewRows(c.var.watersmeet, { asset: key, partition: partition ?? null, limit }), 200);
  });
  api.openapi(why, async (c) => {
    const { partition } = c.req.valid("query");
    const key = c.req.valid("param").key;
    return c.json(await explainPartition(c.var.watersmeet, key, partition ?? null), 200);
  });
  api.openapi(outliers, async (c) => c.json(await findAssetOutliers(c.var.watersmeet, c.req.valid("param").key), 200));
}
