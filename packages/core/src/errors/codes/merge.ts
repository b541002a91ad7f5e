import type { CodeFacts } from "../code-facts.ts";

/** Raised by merges. */
export const mergeCodes = {
  MERGE_BATCH_AMBIGUOUS: {
    summary: "A batch gives two values for the same key with an equal token",
    exitCode: 3,
    httpStatus: 422,
    isRetryable: false,
  },
  MERGE_BATCH_CONFLICT: {
    summary: "A batch key was delivered again with another content",
    exitCode: 1,
    httpStatus: 409,
    isRetryable: false,
  },
  MERGE_POLICY_INVALID: {
    summary: "A merge's policy does not fit its schema or what a branch delivers",
    exitCode: 3,
    httpStatus: 422,
    isRetryable: false,
  },
  MERGE_ROWS_CONFLICT: {
    summary: "Two branches deliver different rows of one key, and the policy allows only equal ones",
    exitCode: 3,
    httpStatus: 422,
    isRetryable: false,
  },
} as const satisfies Record<string, CodeFacts>;
