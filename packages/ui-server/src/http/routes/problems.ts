import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { toProblemDto } from "../../read/problem-dto.ts";
import type { ApiEnv } from "../api-env.ts";
import { noQuery } from "../paging.ts";
import { problemResponses } from "../problem-response.ts";

const SourceProblem = z
  .object({
    code: z.string(),
    message: z.string(),
    hint: z.string().nullable(),
    at: z
      .object({
        file: z.string(),
        line: z.int(),
        column: z.int(),
        endLine: z.int().exactOptional(),
        endColumn: z.int().exactOptional(),
      })
      .nullable(),
  })
  .openapi("SourceProblem");

const listProblems = createRoute({
  method: "get",
  path: "/problems",
  operationId: "listProblems",
  tags: ["Project"],
  summary: "What is wrong in the project's sources, all of it",
  request: { query: noQuery },
  responses: {
    200: {
      description: "Problems, by file and line",
      content: {
        "application/json": {
          schema: z.object({ items: z.array(SourceProblem).readonly() }).openapi("SourceProblemList"),
        },
      },
    },
    ...problemResponses,
  },
});

export function addProblemRoutes(api: OpenAPIHono<ApiEnv>): void {
  api.openapi(listProblems, (c) => c.json({ items: c.var.watersmeet.project().problems.map(toProblemDto) }, 200));
}
