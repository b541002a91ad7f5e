import { OpenAPIHono } from "@hono/zod-openapi";
import { WatersmeetError } from "@watersmeet/core/errors";
import { etag } from "hono/etag";
import type { ApiEnv } from "./api-env.ts";
import { markOmittable } from "./mark-omittable.ts";
import { refuseInvalidRequest, respondWithProblem } from "./problem-response.ts";
import { addAssetRoutes } from "./routes/assets.ts";
import { addAutomationRoutes } from "./routes/automation.ts";
import { addBackfillRoutes } from "./routes/backfills.ts";
import { addBreakerRoutes } from "./routes/breakers.ts";
import { addEventRoutes } from "./routes/events.ts";
import { addHealthRoutes } from "./routes/health.ts";
import { addLimitRoutes } from "./routes/limits.ts";
import { addLineageRoutes } from "./routes/lineage.ts";
import { addMaterializationRoutes } from "./routes/materializations.ts";
import { addAuditRoutes } from "./routes/merges/audit.ts";
import { addLateRoutes } from "./routes/merges/late.ts";
import { addMergeOrderRoutes } from "./routes/merges/orders.ts";
import { addMergeRoutes } from "./routes/merges/questions.ts";
import { addSchemaRoutes } from "./routes/merges/schemas.ts";
import { addPartitionRoutes } from "./routes/partitions.ts";
import { addPlanRoutes } from "./routes/plans.ts";
import { addProblemRoutes } from "./routes/problems.ts";
import { addRunRoutes } from "./routes/runs.ts";

/**
 * The HTTP API, to be mounted at /api/v1 behind the middleware that sets `ApiEnv`.
 * `onDefect` is told of errors that nobody foresaw.
 */
export function buildApi(onDefect: (error: unknown) => void): OpenAPIHono<ApiEnv> {
  const api = new OpenAPIHono<ApiEnv>({ defaultHook: refuseInvalidRequest });
  const tagWithDigest = etag();
  // A stream has no digest before its end.
  api.use(async (c, next) => (c.req.path.endsWith("/events") ? next() : tagWithDigest(c, next)));
  addHealthRoutes(api);
  addProblemRoutes(api);
  addAssetRoutes(api);
  addPartitionRoutes(api);
  addMaterializationRoutes(api);
  addAuditRoutes(api);
  addLineageRoutes(api);
  addMergeRoutes(api);
  addMergeOrderRoutes(api);
  addLateRoutes(api);
  addSchemaRoutes(api);
  addPlanRoutes(api);
  addRunRoutes(api);
  addBackfillRoutes(api);
  addBreakerRoutes(api);
  addAutomationRoutes(api);
  addLimitRoutes(api);
  addEventRoutes(api);
  api.get("/openapi.json", (c) => c.json(describeApi(api)));
  api.all("*", (c) => {
    throw new WatersmeetError("NOT_FOUND", `There is no ${c.req.method} ${c.req.path}`, {
      hint: "GET /api/v1/openapi.json lists every route",
    });
  });
  api.onError((error, c) => respondWithProblem(c, error, onDefect));
  return api;
}

/** The OpenAPI 3.1 document of an API, the same for every server. */
export function describeApi(api: OpenAPIHono<ApiEnv>): object {
  const document = api.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Watersmeet",
      version: "1",
      description:
        "Assets, their partitions, versions and lineage; merges with their cuts, batches and late data; plans, runs and backfills. Times are ISO-8601 in UTC.",
      license: { name: "MIT", url: "https://spdx.org/licenses/MIT.html" },
    },
    servers: [{ url: "/api/v1" }],
  });
  markOmittable(document, api.openAPIRegistry.definitions);
  return document;
}
