import type { CodeFacts } from "../code-facts.ts";

/** Raised by the ledger and the embedded database. */
export const ledgerCodes = {
  LEDGER_UNREACHABLE: {
    summary: "The ledger's Postgres cannot be reached",
    exitCode: 1,
    httpStatus: 503,
    isRetryable: true,
  },
  LEDGER_NOT_MIGRATED: {
    summary: "The ledger's schema is not at the version this program needs",
    exitCode: 1,
    httpStatus: 503,
    isRetryable: false,
  },
  LEDGER_DENIED: {
    summary: "The database's role may not use the ledger",
    exitCode: 6,
    httpStatus: 503,
    isRetryable: false,
  },
  LEDGER_EMBEDDED_FAILED: {
    summary: "The embedded database could not be started",
    exitCode: 1,
    httpStatus: 503,
    isRetryable: false,
  },
  WORKER_LOST: {
    summary: "Workers ended while they held a step",
    exitCode: 1,
    httpStatus: 500,
    isRetryable: false,
  },
  RUN_NOT_FOUND: { summary: "There is no run with this id", exitCode: 2, httpStatus: 404, isRetryable: false },
  RUN_STATE_CONFLICT: {
    summary: "The run is in a state in which this cannot be done",
    exitCode: 1,
    httpStatus: 409,
    isRetryable: false,
  },
  RUN_CANCELLED: { summary: "The run was cancelled", exitCode: 130, httpStatus: 409, isRetryable: false },
} as const satisfies Record<string, CodeFacts>;
