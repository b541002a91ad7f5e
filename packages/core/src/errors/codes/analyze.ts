import type { CodeFacts } from "../code-facts.ts";

/** Found in the project's sources by static derivation. */
export const analyzeCodes = {
  ANALYZE_UNKNOWN_NAME: {
    summary: "A name in an input's type cannot be found",
    exitCode: 3,
    httpStatus: 422,
    isRetryable: false,
  },
} as const satisfies Record<string, CodeFacts>;
