import { codes, WatersmeetError, type ErrorCode } from "@watersmeet/core/errors";
import { z } from "zod";
import type { ServerFile } from "./server-file.ts";

const ProblemSchema = z.object({ code: z.string(), detail: z.string(), hint: z.string().optional() });

/** One GET of a running server's API. A problem that it answers is thrown here, with the same code. */
export async function askServer<S extends z.ZodType>(
  server: ServerFile,
  path: string,
  schema: S,
): Promise<z.output<S>> {
  const response = await fetch(`${server.url}/api/v1${path}`);
  const body: unknown = await response.json();
  if (response.ok) return schema.parse(body);
  const problem = ProblemSchema.parse(body);
  const options = problem.hint === undefined ? {} : { hint: problem.hint };
  throw new WatersmeetError(isErrorCode(problem.code) ? problem.code : "INTERNAL", problem.detail, options);
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(codes, code);
}
