import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { findLineage } from "@watersmeet/core/graph";
import { requireAsset } from "../../read/require-asset.ts";
import type { ApiEnv } from "../api-env.ts";
import { assetParam } from "../paging.ts";
import { problemResponses } from "../problem-response.ts";
import { Mapping, Partitions } from "./assets.ts";

const get = createRoute({
  method: "get",
  path: "/lineage/{key}",
  operationId: "getLineage",
  tags: ["Lineage"],
  summary: "What an asset is made from and what is made from it, to a depth in exact hops",
  request: {
    params: assetParam,
    query: z.strictObject({
      direction: z.enum(["up", "down", "both"]).default("both"),
      depth: z.coerce.number().int().min(0).max(1000).optional().openapi({ description: "Hops; without: all" }),
    }),
  },
  responses: {
    200: {
      description: "The part of the graph",
      content: {
        "application/json": {
          schema: z
            .object({
              root: z.string(),
              nodes: z
                .array(
                  z.object({
                    key: z.string(),
                    kind: z.enum(["asset", "source", "query", "merge"]),
                    doc: z.string(),
                    file: z.string(),
                    partitions: Partitions.nullable(),
                    distance: z.int().openapi({
                      description: "Hops from the root: negative upstream, 0 the root, positive downstream",
                    }),
                  }),
                )
                .readonly(),
              edges: z
                .array(
                  z.object({
                    from: z.string(),
                    to: z.string(),
                    name: z.string(),
                    mapping: Mapping,
                    isOptional: z.boolean(),
                  }),
                )
                .readonly(),
            })
            .openapi("Lineage"),
        },
      },
    },
    ...problemResponses,
  },
});

export function addLineageRoutes(api: OpenAPIHono<ApiEnv>): void {
  api.openapi(get, (c) => {
    const { direction, depth } = c.req.valid("query");
    const { graph } = c.var.watersmeet.project();
    const { key } = requireAsset(graph, c.req.valid("param").key);
    return c.json(findLineage(graph, key, { direction, depth: depth ?? Infinity }), 200);
  });
}
