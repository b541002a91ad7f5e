import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { buildPlanDto } from "../../read/plan-dto.ts";
import { requireSound } from "../../read/require-sound.ts";
import type { ApiEnv } from "../api-env.ts";
import { noQuery } from "../paging.ts";
import { problemResponses } from "../problem-response.ts";
import { planMembers, RunReason } from "./run-schemas.ts";

const PlannedGroup = z.object({
  reason: RunReason,
  partitionCount: z.int(),
  ranges: z
    .array(z.object({ from: z.string(), to: z.string(), count: z.int() }))
    .readonly()
    .openapi({ description: "Both ends belong to a range" }),
});

const Plan = z
  .object({
    environment: z.string(),
    request: z.object({
      select: z.string(),
      partitions: z.string().exactOptional(),
      force: z.boolean().exactOptional(),
      missingOnly: z.boolean().exactOptional(),
    }),
    plannedAt: z.iso.datetime(),
    stepCount: z.int(),
    skipCount: z.int(),
    assets: z
      .array(
        z.object({
          asset: z.string(),
          partitionCount: z.int(),
          stepCount: z.int(),
          skipCount: z.int(),
          run: z.array(PlannedGroup).readonly(),
          skip: z.array(PlannedGroup).readonly(),
        }),
      )
      .readonly(),
  })
  .openapi("Plan");

const create = createRoute({
  method: "post",
  path: "/plans",
  operationId: "createPlan",
  tags: ["Runs"],
  summary: "What would run and why, and what would not; runs nothing",
  request: {
    query: noQuery,
    body: {
      required: true,
      content: { "application/json": { schema: z.strictObject(planMembers).openapi("PlanRequest") } },
    },
  },
  responses: {
    200: { description: "The plan", content: { "application/json": { schema: Plan } } },
    ...problemResponses,
  },
});

export function addPlanRoutes(api: OpenAPIHono<ApiEnv>): void {
  api.openapi(create, async (c) => {
    requireSound(c.var.watersmeet.project());
    const plan = await c.var.watersmeet.plan(c.req.valid("json"));
    return c.json(buildPlanDto(plan), 200);
  });
}
