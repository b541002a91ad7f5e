import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { listAutomations, toAutomationDto, toTickDto } from "../../read/automation-dto.ts";
import type { ApiEnv } from "../api-env.ts";
import { noQuery, pageOf, pageQuery, toPageRequest } from "../paging.ts";
import { problemResponses } from "../problem-response.ts";
import { readRequester } from "../submit-once.ts";
import { Automation, Tick } from "./automation-shapes.ts";
import { reasonField } from "./reason-field.ts";

const tags = ["Automation"];

const nameParam = z.object({
  name: z
    .string()
    .min(1)
    .max(200)
    .openapi({ param: { name: "name", in: "path" }, example: "nightly" }),
});

const oneAutomation = {
  200: { description: "It, as it stands then", content: { "application/json": { schema: Automation } } },
  ...problemResponses,
} as const;

const list = createRoute({
  method: "get",
  path: "/automations",
  operationId: "listAutomations",
  tags,
  summary: "What starts runs by itself: conditions of assets, schedules and sensors, by name",
  request: { query: noQuery },
  responses: {
    200: {
      description: "All of them",
      content: {
        "application/json": { schema: z.object({ items: z.array(Automation).readonly() }).openapi("AutomationList") },
      },
    },
    ...problemResponses,
  },
});

const get = createRoute({
  method: "get",
  path: "/automations/{name}",
  operationId: "getAutomation",
  tags,
  summary: "One condition, schedule or sensor",
  request: { params: nameParam, query: noQuery },
  responses: oneAutomation,
});

const TickPage = pageOf(Tick, "TickPage");

const history = createRoute({
  method: "get",
  path: "/automations/{name}/ticks",
  operationId: "listTicks",
  tags,
  summary: "What its evaluations came to, newest first",
  request: { params: nameParam, query: z.strictObject(pageQuery) },
  responses: {
    200: { description: "A page", content: { "application/json": { schema: TickPage } } },
    ...problemResponses,
  },
});

const allHistory = createRoute({
  method: "get",
  path: "/ticks",
  operationId: "listAllTicks",
  tags,
  summary: "What evaluations of everything that starts runs by itself came to, newest first",
  request: { query: z.strictObject(pageQuery) },
  responses: {
    200: { description: "A page", content: { "application/json": { schema: TickPage } } },
    ...problemResponses,
  },
});

const reason = reasonField("month end", "Shown wherever it is, and kept in the audit trail");

const pause = createRoute({
  method: "post",
  path: "/automations/{name}/pause",
  operationId: "pauseAutomation",
  tags,
  summary: "Evaluates it no more until it is resumed",
  request: {
    params: nameParam,
    query: noQuery,
    body: {
      required: true,
      content: { "application/json": { schema: z.strictObject({ reason }).openapi("AutomationPauseRequest") } },
    },
  },
  responses: oneAutomation,
});

const resume = createRoute({
  method: "post",
  path: "/automations/{name}/resume",
  operationId: "resumeAutomation",
  tags,
  summary: "Goes on with it, from now: ticks of the time in between are not made up for",
  request: { params: nameParam, query: noQuery },
  responses: oneAutomation,
});

export function addAutomationRoutes(api: OpenAPIHono<ApiEnv>): void {
  api.openapi(list, async (c) => c.json({ items: await listAutomations(c.var.watersmeet) }, 200));
  api.openapi(get, async (c) => {
    const { name } = c.req.valid("param");
    return c.json(toAutomationDto(await c.var.watersmeet.automation.get(name)), 200);
  });
  api.openapi(history, async (c) => {
    const { name } = c.req.valid("param");
    const page = await c.var.watersmeet.automation.history(name, toPageRequest(c.req.valid("query")));
    return c.json({ ...page, items: page.items.map(toTickDto) }, 200);
  });
  api.openapi(allHistory, async (c) => {
    const page = await c.var.watersmeet.automation.history(null, toPageRequest(c.req.valid("query")));
    return c.json({ ...page, items: page.items.map(toTickDto) }, 200);
  });
  api.openapi(pause, async (c) => {
    const order = { ...c.req.valid("param"), ...c.req.valid("json"), by: readRequester(c) };
    return c.json(toAutomationDto(await c.var.watersmeet.automation.pause(order)), 200);
  });
  api.openapi(resume, async (c) => {
    const order = { ...c.req.valid("param"), by: readRequester(c) };
    return c.json(toAutomationDto(await c.var.watersmeet.automation.resume(order)), 200);
  });
}
