import type { CodeFacts } from "../code-facts.ts";

/** Raised at the command line and over HTTP. */
export const interfaceCodes = {
  USAGE_INVALID: {
    summary: "The command or request is not well formed",
    exitCode: 2,
    httpStatus: 400,
    isRetryable: false,
  },
  NOT_FOUND: { summary: "There is no such thing", exitCode: 2, httpStatus: 404, isRetryable: false },
  ORIGIN_DENIED: {
    summary: "The request came from an origin or host that is not allowed",
    exitCode: 6,
    httpStatus: 403,
    isRetryable: false,
  },
  BODY_TOO_LARGE: { summary: "The request's body is too large", exitCode: 2, httpStatus: 413, isRetryable: false },
  MEDIA_TYPE_UNSUPPORTED: {
    summary: "The request's body is of a type that is not accepted",
    exitCode: 2,
    httpStatus: 415,
    isRetryable: false,
  },
  IDEMPOTENCY_CONFLICT: {
    summary: "An Idempotency-Key was used again for another request",
    exitCode: 2,
    httpStatus: 422,
    isRetryable: false,
  },
  BIND_DENIED: {
    summary: "The server would be reachable from other machines",
    exitCode: 6,
    httpStatus: 403,
    isRetryable: false,
  },
  PORT_IN_USE: { summary: "Another program listens on the port", exitCode: 1, httpStatus: 409, isRetryable: true },
  SERVER_RUNNING: {
    summary: "A server of the project runs already",
    exitCode: 1,
    httpStatus: 409,
    isRetryable: false,
  },
  PROJECT_INVALID: {
    summary: "The project's sources have problems, so nothing can run",
    exitCode: 3,
    httpStatus: 422,
    isRetryable: false,
  },
  TARGET_NOT_EMPTY: {
    summary: "A file that would be written is there already",
    exitCode: 2,
    httpStatus: 409,
    isRetryable: false,
  },
  INTERRUPTED: { summary: "The command was interrupted", exitCode: 130, httpStatus: 503, isRetryable: true },
  INTERNAL: { summary: "A defect in Watersmeet", exitCode: 1, httpStatus: 500, isRetryable: false },
} as const satisfies Record<string, CodeFacts>;
