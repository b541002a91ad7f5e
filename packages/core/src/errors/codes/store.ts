import type { CodeFacts } from "../code-facts.ts";

/** Raised by stores. */
export const storeCodes = {
  STORE_UNREACHABLE: {
    summary: "The store cannot be opened or reached",
    exitCode: 1,
    httpStatus: 503,
    isRetryable: true,
  },
  STORE_LOCKED: { summary: "Another process owns the store's file", exitCode: 1, httpStatus: 503, isRetryable: true },
  STORE_COMMIT_UNKNOWN: {
    summary: "A commit's outcome could not be learned",
    exitCode: 1,
    httpStatus: 503,
    isRetryable: true,
  },
  STORE_STALE: {
    summary: "A commit was built on a head that has moved",
    exitCode: 1,
    httpStatus: 409,
    isRetryable: true,
  },
  STORE_VERSION_UNKNOWN: { summary: "The store has no such version", exitCode: 2, httpStatus: 404, isRetryable: false },
  STORE_VALUE_INVALID: {
    summary: "A value cannot be stored in its column",
    exitCode: 3,
    httpStatus: 422,
    isRetryable: false,
  },
} as const satisfies Record<string, CodeFacts>;
