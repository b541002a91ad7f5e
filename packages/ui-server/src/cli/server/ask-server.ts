import { codes, WatersmeetError, type ErrorCode } from "@watersmeet/core/errors";
import { z } from "zod";
import type { ServerFile } from "./server-file.ts";

const ProblemSchema = z.object({ code: z.string(), detail: z.string(), hint: z.string().optional() });

export interface ServerQuestion<S extends z.ZodType> {
  /** Under `/api/v1`. */
  readonly path: string;
  /** Of the answer. */
  readonly schema: S;
  /** Makes it a POST, in the name of whoever gives it. */
  readonly order?: { readonly body: unknown; readonly requestedBy: string };
}

/** One request to a running server's API. A problem that it answers is thrown here, with the same code. */
export async function askServer<S extends z.ZodType>(
  server: ServerFile,
  { path, schema, order }: ServerQuestion<S>,
): Promise<z.output<S>> {
  const response = await fetch(`${server.url}/api/v1${path}`, order === undefined ? {} : describePost(order));
  const text = await response.text();
  const body: unknown = text === "" ? null : JSON.parse(text);
  if (response.ok) return schema.parse(body);
  const problem = ProblemSchema.parse(body);
  const options = problem.hint === undefined ? {} : { hint: problem.hint };
  throw new WatersmeetError(isErrorCode(problem.code) ? problem.code : "INTERNAL", problem.detail, options);
}

function describePost({ body, requestedBy }: NonNullable<ServerQuestion<z.ZodType>["order"]>): RequestInit {
  return {
    method: "POST",
    headers: { "Content-Type": "application/json", "Watersmeet-Requested-By": requestedBy },
    body: JSON.stringify(body),
  };
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(codes, code);
}
