import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { BreakerOrder } from "@watersmeet/runtime";
import type { Context } from "hono";
import { toBreakerDto } from "../../read/breaker-dto.ts";
import type { ApiEnv } from "../api-env.ts";
import { noQuery } from "../paging.ts";
import { problemResponses } from "../problem-response.ts";
import { readRequester } from "../submit-once.ts";
import { reasonField } from "./reason-field.ts";

const tags = ["Breakers"];

export const Breaker = z
  .object({
    resource: z.string(),
    state: z.enum(["closed", "open", "halfOpen", "forcedOpen", "disabled"]),
    isConfigured: z.boolean(),
    until: z.iso.datetime().nullable().openapi({ description: "When a probe may go, or what was ordered ends" }),
    openedAt: z.iso.datetime().nullable(),
    reason: z.string().nullable(),
    changedBy: z.string(),
    changedAt: z.iso.datetime(),
    failedProbes: z.int(),
    calls: z
      .object({ ok: z.int(), failed: z.int(), slow: z.int() })
      .openapi({ description: "Since it closed last, within ten minutes" }),
    retries: z
      .object({ attempts: z.int(), retries: z.int(), allowed: z.int().nullable() })
      .openapi({ description: "Within ten minutes; `allowed` is `null` when the resource has no budget" }),
    waiting: z.int().openapi({ description: "Steps that are ready and need the resource" }),
    setApart: z
      .array(z.object({ workerId: z.string(), until: z.iso.datetime(), reason: z.string() }))
      .readonly()
      .openapi({ description: "Workers that fail at the resource when others do not" }),
  })
  .openapi("Breaker");

export const BreakerList = z.object({ items: z.array(Breaker).readonly() }).openapi("BreakerList");

const list = createRoute({
  method: "get",
  path: "/breakers",
  operationId: "listBreakers",
  tags,
  summary: "Circuit breakers of resources, by name",
  request: { query: noQuery },
  responses: {
    200: { description: "All of them", content: { "application/json": { schema: BreakerList } } },
    ...problemResponses,
  },
});

const reason = reasonField("the vendor's maintenance");
const forMs = z
  .int()
  .min(1_000)
  .max(31 * 86_400_000)
  .nullable()
  .default(null)
  .openapi({ description: "Milliseconds; `null`: until another order" });

const withTime = z.strictObject({ reason, forMs }).openapi("BreakerHoldRequest");
const withReason = z.strictObject({ reason }).openapi("BreakerRequest");

const summaries = {
  open: "Holds it open: no step uses the resource until the time has passed, or another order",
  disable: "Lets calls through whatever is counted, until the time has passed, or another order",
  close: "Closes it, as if probes had succeeded",
  reset: "Closes it and forgets what was counted, retries too",
} as const satisfies Record<BreakerOrder["kind"], string>;

function orderRoute<const Kind extends BreakerOrder["kind"], Body extends z.ZodType>(kind: Kind, body: Body) {
  return createRoute({
    method: "post",
    path: `/breakers/{resource}/${kind}`,
    operationId: `${kind}Breaker`,
    tags,
    summary: summaries[kind],
    request: {
      params: z.object({
        resource: z
          .string()
          .min(1)
          .max(200)
          .openapi({ param: { name: "resource", in: "path" }, example: "crm" }),
      }),
      query: noQuery,
      body: { required: true, content: { "application/json": { schema: body } } },
    },
    responses: {
      200: { description: "The breaker as it is then", content: { "application/json": { schema: Breaker } } },
      ...problemResponses,
    },
  });
}

export function addBreakerRoutes(api: OpenAPIHono<ApiEnv>): void {
  api.openapi(list, async (c) => c.json({ items: (await c.var.watersmeet.breakers.list()).map(toBreakerDto) }, 200));
  const give = async (c: Context<ApiEnv>, order: Omit<BreakerOrder, "by">) => {
    const breaker = await c.var.watersmeet.breakers.give({ ...order, by: readRequester(c) });
    return c.json(toBreakerDto(breaker), 200);
  };
  api.openapi(orderRoute("open", withTime), (c) =>
    give(c, { ...c.req.valid("param"), kind: "open", ...c.req.valid("json") }),
  );
  api.openapi(orderRoute("disable", withTime), (c) =>
    give(c, { ...c.req.valid("param"), kind: "disable", ...c.req.valid("json") }),
  );
  api.openapi(orderRoute("close", withReason), (c) =>
    give(c, { ...c.req.valid("param"), kind: "close", forMs: null, ...c.req.valid("json") }),
  );
  api.openapi(orderRoute("reset", withReason), (c) =>
    give(c, { ...c.req.valid("param"), kind: "reset", forMs: null, ...c.req.valid("json") }),
  );
}
