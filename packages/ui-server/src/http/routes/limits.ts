import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { toLimitDto, toLimitMoveDto } from "../../read/limit-dto.ts";
import type { ApiEnv } from "../api-env.ts";
import { noQuery } from "../paging.ts";
import { problemResponses } from "../problem-response.ts";
import { readRequester } from "../submit-once.ts";
import { reasonField } from "./reason-field.ts";

const tags = ["Limits"];

export const Limit = z
  .object({
    resource: z.string(),
    limit: z.int().nullable().openapi({ description: "Units that may be in use now; `null`: any number" }),
    configured: z
      .discriminatedUnion("kind", [
        z.object({ kind: z.literal("fixed"), concurrency: z.int() }),
        z.object({ kind: z.literal("auto"), min: z.int(), max: z.int() }),
      ])
      .nullable(),
    override: z
      .object({
        concurrency: z.int(),
        by: z.string(),
        reason: z.string(),
        at: z.iso.datetime(),
        until: z.iso.datetime().nullable(),
      })
      .nullable()
      .openapi({ description: "What a person set instead of the configured limit" }),
    taken: z.int().openapi({ description: "Units in use" }),
    waiting: z.int().openapi({ description: "Steps that are ready and need the resource" }),
    rate: z
      .object({ count: z.int(), perMs: z.number(), burst: z.int() })
      .nullable()
      .openapi({ description: "Starts per span of time" }),
    blockedUntil: z.iso.datetime().nullable().openapi({ description: "No step may start before then" }),
    heldBecause: z
      .string()
      .nullable()
      .openapi({ description: "What the resource itself said, when it asked for rest" }),
    holders: z
      .array(z.object({ run: z.string(), asset: z.string(), partition: z.string(), weight: z.int() }))
      .readonly()
      .openapi({ description: "Some of those who hold units" }),
  })
  .openapi("Limit");

export const LimitList = z.object({ items: z.array(Limit).readonly() }).openapi("LimitList");

export const LimitMoves = z
  .object({
    items: z
      .array(
        z.object({
          at: z.iso.datetime(),
          concurrency: z.int(),
          slowdown: z.number().nullable().openapi({ description: "Duration by expected duration, the median" }),
          inFlight: z.int(),
          completed: z.int(),
          failed: z.int(),
          reason: z.string(),
        }),
      )
      .readonly(),
  })
  .openapi("LimitMoves");

const list = createRoute({
  method: "get",
  path: "/limits",
  operationId: "listLimits",
  tags,
  summary: "What all workers together may ask of resources, by name",
  request: { query: noQuery },
  responses: {
    200: { description: "All of them", content: { "application/json": { schema: LimitList } } },
    ...problemResponses,
  },
});

const params = z.object({
  resource: z
    .string()
    .min(1)
    .max(200)
    .openapi({ param: { name: "resource", in: "path" }, example: "crm" }),
});

const moves = createRoute({
  method: "get",
  path: "/limits/{resource}/moves",
  operationId: "listLimitMoves",
  tags,
  summary: "Decisions about a limit that adapts, newest first, with what was seen",
  request: { params, query: z.strictObject({ limit: z.coerce.number().int().min(1).max(500).default(50) }) },
  responses: {
    200: { description: "The last ones", content: { "application/json": { schema: LimitMoves } } },
    ...problemResponses,
  },
});

const reason = reasonField("their nightly job runs");

const given = {
  200: { description: "The limit as it is then", content: { "application/json": { schema: Limit } } },
  ...problemResponses,
};

const set = createRoute({
  method: "post",
  path: "/limits/{resource}/set",
  operationId: "setLimit",
  tags,
  summary: "Sets a limit in place of the configured one, until the time has passed, or another order",
  request: {
    params,
    query: noQuery,
    body: {
      required: true,
      content: {
        "application/json": {
          schema: z
            .strictObject({
              concurrency: z.int().min(1).max(100_000),
              forMs: z
                .int()
                .min(1_000)
                .max(31 * 86_400_000)
                .nullable()
                .default(null)
                .openapi({ description: "Milliseconds; `null`: until another order" }),
              reason,
            })
            .openapi("LimitRequest"),
        },
      },
    },
  },
  responses: given,
});

const clear = createRoute({
  method: "post",
  path: "/limits/{resource}/clear",
  operationId: "clearLimit",
  tags,
  summary: "Lets the configured limit count again",
  request: {
    params,
    query: noQuery,
    body: {
      required: true,
      content: { "application/json": { schema: z.strictObject({ reason }).openapi("LimitClearRequest") } },
    },
  },
  responses: given,
});

export function addLimitRoutes(api: OpenAPIHono<ApiEnv>): void {
  api.openapi(list, async (c) => c.json({ items: (await c.var.watersmeet.limits.list()).map(toLimitDto) }, 200));
  api.openapi(moves, async (c) => {
    const { name } = await c.var.watersmeet.limits.get(c.req.valid("param").resource);
    const found = await c.var.watersmeet.limits.moves(name, c.req.valid("query").limit);
    return c.json({ items: found.map(toLimitMoveDto) }, 200);
  });
  api.openapi(set, async (c) => {
    const order = { kind: "set", by: readRequester(c), ...c.req.valid("param"), ...c.req.valid("json") } as const;
    return c.json(toLimitDto(await c.var.watersmeet.limits.give(order)), 200);
  });
  api.openapi(clear, async (c) => {
    const order = { kind: "clear", by: readRequester(c), ...c.req.valid("param"), ...c.req.valid("json") } as const;
    return c.json(toLimitDto(await c.var.watersmeet.limits.give(order)), 200);
  });
}
