import { z } from "@hono/zod-openapi";
import { codes, isWatersmeetError, type ErrorCode } from "@watersmeet/core/errors";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";

/** A failure as RFC 9457 writes it, with our stable code and what to do. Source: https://www.rfc-editor.org/rfc/rfc9457 */
export const ProblemResponse = z
  .object({
    type: z.string().openapi({ example: "urn:watersmeet:problem:ASSET_UNKNOWN" }),
    title: z.string().openapi({ description: "What the code means" }),
    status: z.int(),
    detail: z.string().openapi({ description: "What happened, with the names involved" }),
    code: z.string().openapi({ description: "Stable; see docs/reference/errors.md", example: "ASSET_UNKNOWN" }),
    hint: z.string().optional().openapi({ description: "What to do next" }),
    errors: z
      .array(z.object({ pointer: z.string(), message: z.string() }))
      .readonly()
      .optional()
      .openapi({ description: "Of a request that is not well formed: each fault with its place" }),
  })
  .openapi("Problem");

type ProblemBody = z.input<typeof ProblemResponse>;

/** The response that every route may give instead of its own. */
export const problemResponses = {
  default: {
    description: "A problem (RFC 9457)",
    content: { "application/problem+json": { schema: ProblemResponse } },
  },
} as const;

/** Gives a failure its status and wording. Nothing of an unforeseen error leaves the process but that there was one. */
export function respondWithProblem(c: Context, error: unknown, onDefect: (error: unknown) => void): Response {
  if (isWatersmeetError(error)) return writeProblem(c, describe(error.code, error.message, error.hint));
  const known = error instanceof HTTPException ? honoProblems.get(error.status) : undefined;
  if (known !== undefined) return writeProblem(c, known);
  onDefect(error);
  const hint = "The server's log has the error; please report it";
  return writeProblem(c, describe("INTERNAL", "Something went wrong inside Watersmeet", hint));
}

/** For zod-openapi: what a request's schema refused becomes a 400 that names each place. */
export function refuseInvalidRequest(
  result: { readonly target: string } & (
    | { readonly success: true }
    | { readonly success: false; readonly error: { readonly issues: readonly Issue[] } }
  ),
  c: Context,
): Response | undefined {
  if (result.success) return undefined;
  const errors = result.error.issues.map((issue) => ({
    pointer: `/${[result.target, ...issue.path].map(String).join("/")}`,
    message: issue.message,
  }));
  const detail = errors.map(({ pointer, message }) => `${pointer}: ${message}`).join("; ");
  return writeProblem(c, {
    ...describe("USAGE_INVALID", detail, "GET /api/v1/openapi.json describes every request"),
    errors,
  });
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** The exceptions that hono itself throws: a body that is no JSON, or of another type, or too large. */
const honoProblems: ReadonlyMap<number, ProblemBody> = new Map([
  [400, describe("USAGE_INVALID", "The body is not well-formed JSON", undefined)],
  [413, describe("BODY_TOO_LARGE", "The body is larger than 1 MiB", undefined)],
  [415, describe("MEDIA_TYPE_UNSUPPORTED", "The body is not JSON", "Send Content-Type: application/json")],
]);

function describe(code: ErrorCode, detail: string, hint: string | undefined): ProblemBody {
  const { summary, httpStatus } = codes[code];
  const body = { type: `urn:watersmeet:problem:${code}`, title: summary, status: httpStatus, detail, code };
  return hint === undefined ? body : { ...body, hint };
}

function writeProblem(c: Context, body: ProblemBody): Response {
  return c.body(JSON.stringify(body), {
    status: codes[readCode(body.code)].httpStatus,
    headers: { "Content-Type": "application/problem+json", "Cache-Control": "no-store" },
  });
}

function readCode(code: string): ErrorCode {
  return code in codes ? (code as ErrorCode) : "INTERNAL";
}
