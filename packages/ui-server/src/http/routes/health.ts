import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { ApiEnv } from "../api-env.ts";
import { noQuery } from "../paging.ts";
import { problemResponses } from "../problem-response.ts";

const Health = z
  .object({
    status: z.enum(["ok", "degraded"]).openapi({ description: "`degraded`: the ledger does not answer" }),
    version: z.string(),
    nodeVersion: z.string(),
    root: z.string().openapi({ description: "The project's folder" }),
    pid: z.int(),
    environment: z.string(),
    generation: z.string().openapi({ description: "Changes whenever a source file changes" }),
    assetCount: z.int(),
    problemCount: z.int(),
    ledger: z.object({ kind: z.enum(["embedded", "url"]), isReachable: z.boolean() }),
    stores: z.array(z.object({ name: z.string(), kind: z.enum(["duckdb", "postgres"]) })).readonly(),
    workers: z
      .array(z.object({ id: z.string(), host: z.string(), pid: z.int(), running: z.int(), beatAt: z.iso.datetime() }))
      .readonly(),
  })
  .openapi("Health");

const getHealth = createRoute({
  method: "get",
  path: "/health",
  operationId: "getHealth",
  tags: ["Server"],
  summary: "Liveness, versions, database and store state",
  request: { query: noQuery },
  responses: {
    200: { description: "The state", content: { "application/json": { schema: Health } } },
    ...problemResponses,
  },
});

export function addHealthRoutes(api: OpenAPIHono<ApiEnv>): void {
  api.openapi(getHealth, async (c) => {
    const { watersmeet, version } = c.var;
    const workers = await watersmeet.ledger.listWorkers().catch(() => undefined);
    const project = watersmeet.project();
    return c.json(
      {
        status: workers === undefined ? ("degraded" as const) : ("ok" as const),
        version,
        nodeVersion: process.versions.node,
        root: project.root,
        pid: process.pid,
        environment: watersmeet.config.environment,
        generation: project.generation,
        assetCount: project.graph.order.length,
        problemCount: project.problems.length,
        ledger: { kind: watersmeet.config.ledger.kind, isReachable: workers !== undefined },
        stores: Object.entries(watersmeet.config.stores).map(([name, { kind }]) => ({ name, kind })),
        workers: (workers ?? []).map(({ id, host, pid, running, beatAt }) => ({
          id,
          host,
          pid,
          running,
          beatAt: beatAt.toISOString(),
        })),
      },
      200,
    );
  });
}
