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
  STORE_STAGING_GONE: {
    summary: "What an attempt staged is not in the store any more",
    exitCode: 1,
    httpStatus: 409,
    isRetryable: true,
  },
  STORE_SCHEMA_INCOMPATIBLE: {
    summary: "Stored rows do not fit a changed schema",
    exitCode: 3,
    httpStatus: 409,
    isRetryable: false,
  },
  STORE_NAME_INVALID: {
    summary: "The store cannot keep a name, or not apart from another",
    exitCode: 3,
    httpStatus: 422,
    isRetryable: false,
  },
  STORE_QUERY_FAILED: {
    summary: "The store refused a query, or a query failed on its data",
    exitCode: 1,
    httpStatus: 422,
    isRetryable: false,
  },
  STORE_CONFLICT: {
    summary: "Two operations of a store met, and one gave way",
    exitCode: 1,
    httpStatus: 409,
    isRetryable: true,
  },
  STORE_EXHAUSTED: {
    summary: "The store ran out of memory, disk or connections",
    exitCode: 1,
    httpStatus: 503,
    isRetryable: true,
  },
  STORE_GONE: {
    summary: "The store's file was deleted, moved or replaced while it was open",
    exitCode: 1,
    httpStatus: 503,
    isRetryable: false,
  },
  STORE_CORRUPT: { summary: "The store's files are damaged", exitCode: 1, httpStatus: 500, isRetryable: false },
  STORE_INTERRUPTED: {
    summary: "The operation was cancelled",
    exitCode: 130,
    httpStatus: 503,
    isRetryable: true,
  },
  STORE_ROWS_MISSING: {
    summary: "Fewer or more rows came than were sent",
    exitCode: 1,
    httpStatus: 503,
    isRetryable: true,
  },
} as const satisfies Record<string, CodeFacts>;
