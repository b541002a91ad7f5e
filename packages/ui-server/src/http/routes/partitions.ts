import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { describePartitions } from "../../read/describe-partitions.ts";
import type { ApiEnv } from "../api-env.ts";
import { assetParam } from "../paging.ts";
import { problemResponses } from "../problem-response.ts";
import { PartitionStatus, StatusCounts } from "./assets.ts";

const get = createRoute({
  method: "get",
  path: "/assets/{key}/partitions",
  operationId: "describePartitions",
  tags: ["Assets"],
  summary: "Partitions as ranges by status, and as a compact vector for grids",
  request: {
    params: assetParam,
    query: z.strictObject({
      status: PartitionStatus.optional().openapi({ description: "Only ranges of this status" }),
      keys: z
        .enum(["true", "false"])
        .optional()
        .openapi({ description: "`true`: with the key of every partition, in the order of the vector" }),
    }),
  },
  responses: {
    200: {
      description: "The partitions, in order",
      content: {
        "application/json": {
          schema: z
            .object({
              asset: z.string(),
              count: z.int(),
              counts: StatusCounts,
              ranges: z
                .array(
                  z.object({
                    from: z.string(),
                    to: z.string(),
                    offset: z.int().openapi({ description: "Place of `from` in the vector" }),
                    count: z.int(),
                    status: PartitionStatus,
                  }),
                )
                .readonly()
                .openapi({ description: "Both ends belong to a range" }),
              vector: z.string().openapi({
                description: "One letter per partition: m materialized, s stale, - missing, f failed, r running",
                example: "mmmms--f",
              }),
              keys: z.array(z.string()).readonly().exactOptional(),
            })
            .openapi("PartitionStates"),
        },
      },
    },
    ...problemResponses,
  },
});

export function addPartitionRoutes(api: OpenAPIHono<ApiEnv>): void {
  api.openapi(get, async (c) => {
    const { status, keys } = c.req.valid("query");
    const asset = c.req.valid("param").key;
    return c.json(await describePartitions(c.var.watersmeet, asset, { status, withKeys: keys === "true" }), 200);
  });
}
