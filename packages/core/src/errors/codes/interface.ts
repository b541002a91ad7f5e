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
  INTERNAL: { summary: "A defect in Watersmeet", exitCode: 1, httpStatus: 500, isRetryable: false },
} as const satisfies Record<string, CodeFacts>;
