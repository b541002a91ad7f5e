import type { CodeFacts } from "../code-facts.ts";

/** Raised while a project is loaded and while steps run. */
export const executionCodes = {
  MODULE_LOAD_FAILED: {
    summary: "A file of the project cannot be imported",
    exitCode: 3,
    httpStatus: 422,
    isRetryable: false,
  },
  PROJECT_CHANGED: {
    summary: "A file of the project changed after it was derived",
    exitCode: 1,
    httpStatus: 409,
    isRetryable: true,
  },
  STORES_DIFFER: {
    summary: "A query or merge reads an asset that is kept in another store",
    exitCode: 3,
    httpStatus: 422,
    isRetryable: false,
  },
  STEP_OUTDATED: {
    summary: "A step was planned for another version of the code than is loaded",
    exitCode: 1,
    httpStatus: 409,
    isRetryable: false,
  },
  DEPLOY_ABORTED: {
    summary: "A run was cancelled because other code was deployed while it went on",
    exitCode: 1,
    httpStatus: 409,
    isRetryable: false,
  },
  DEPLOY_ASSET_GONE: {
    summary: "The code that was deployed while a run went on has an asset of it no more",
    exitCode: 1,
    httpStatus: 409,
    isRetryable: false,
  },
  DEPLOY_PLAN_OUTDATED: {
    summary: "The code that was deployed while a run went on differs from its plan in more than code",
    exitCode: 1,
    httpStatus: 409,
    isRetryable: false,
  },
  USER_CODE_THREW: { summary: "An asset's function threw", exitCode: 1, httpStatus: 500, isRetryable: true },
  STEP_TIMED_OUT: { summary: "A step took longer than its timeout", exitCode: 4, httpStatus: 504, isRetryable: true },
  STEP_CANCELLED: { summary: "A step was cancelled", exitCode: 130, httpStatus: 409, isRetryable: false },
  CHILD_DIED: {
    summary: "The process that ran an asset's function ended unexpectedly",
    exitCode: 1,
    httpStatus: 500,
    isRetryable: true,
  },
  BREAKER_OPEN: {
    summary: "A resource is left alone for a while, because calls to it failed",
    exitCode: 5,
    httpStatus: 503,
    isRetryable: true,
  },
  RETRY_BUDGET_SPENT: {
    summary: "A failure is not tried again, because too many retries of its resource came before",
    exitCode: 1,
    httpStatus: 503,
    isRetryable: true,
  },
  OUTPUT_INVALID: {
    summary: "An asset's function returned something that is not rows",
    exitCode: 1,
    httpStatus: 422,
    isRetryable: false,
  },
} as const satisfies Record<string, CodeFacts>;
