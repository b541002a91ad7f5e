import type { CodeFacts } from "../code-facts.ts";

/** Raised while a zod schema is read as columns. */
export const schemaCodes = {
  SCHEMA_UNSUPPORTED: {
    summary: "A zod type cannot be stored as a column",
    exitCode: 3,
    httpStatus: 422,
    isRetryable: false,
  },
} as const satisfies Record<string, CodeFacts>;
