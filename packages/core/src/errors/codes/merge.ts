import type { CodeFacts } from "../code-facts.ts";

/** Raised by merges. */
export const mergeCodes = {
  KEY_INVALID: {
    summary: "A key cannot be read as the merge's key columns",
    exitCode: 2,
    httpStatus: 400,
    isRetryable: false,
  },
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
  MERGE_BATCH_NOT_HELD: {
    summary: "A batch that does not wait in the holding area cannot be admitted or rejected",
    exitCode: 1,
    httpStatus: 409,
    isRetryable: false,
  },
  MERGE_BATCH_SETTLED: {
    summary: "A batch is older than the merge's retention, and what it hid was let go: it cannot be taken back",
    exitCode: 1,
    httpStatus: 409,
    isRetryable: false,
  },
  MERGE_BATCH_UNKNOWN: {
    summary: "A merge has no such batch",
    exitCode: 2,
    httpStatus: 404,
    isRetryable: false,
  },
  MERGE_CUT_MISALIGNED: {
    summary:
      "What a merge is to join does not fit together: a partition, a form of keys or a schema epoch is missing or differs",
    exitCode: 3,
    httpStatus: 409,
    isRetryable: false,
  },
  MERGE_CUT_SKEWED: {
    summary: "Two branches of a merge come from different versions of an asset that both descend from",
    exitCode: 1,
    httpStatus: 409,
    isRetryable: true,
  },
  MERGE_EPOCH_CHAIN_BROKEN: {
    summary:
      "The forms of a schema that a merge declares are not the ones that its batches were written in, or not in their order",
    exitCode: 3,
    httpStatus: 422,
    isRetryable: false,
  },
  MERGE_EPOCH_INCOMPATIBLE: {
    summary: "A merge's schema cannot read batches of an earlier epoch that are still kept, and no upcaster leads on",
    exitCode: 3,
    httpStatus: 409,
    isRetryable: false,
  },
  MERGE_FROZEN: {
    summary:
      "A merge publishes nothing until it is unfrozen, because its table was found to differ from what its batches give",
    exitCode: 3,
    httpStatus: 409,
    isRetryable: false,
  },
  MERGE_LEGS_MISSING: {
    summary: "A merge's time to wait is over, and branches that it needs are not there",
    exitCode: 4,
    httpStatus: 504,
    isRetryable: false,
  },
  MERGE_PERIOD_CLOSED: {
    summary: "Late rows belong to a closed period, and nothing says that the closing is to be overridden",
    exitCode: 3,
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
  MERGE_SHADOW_MISMATCH: {
    summary:
      "Keys of a merged table that were folded a second time came out differently; the version was not published",
    exitCode: 3,
    httpStatus: 500,
    isRetryable: false,
  },
  MERGE_SNAPSHOT_SHRANK: {
    summary: "A snapshot lacks more rows of the one before than its branch may lose at once",
    exitCode: 3,
    httpStatus: 422,
    isRetryable: false,
  },
  MERGE_SUM_OVERFLOW: {
    summary: "A sum or count over contributions does not fit its column",
    exitCode: 3,
    httpStatus: 422,
    isRetryable: false,
  },
  NOT_A_MERGE: {
    summary: "The asset is not a merge, and only merges have batches and cuts",
    exitCode: 2,
    httpStatus: 422,
    isRetryable: false,
  },
  ROLLBACK_STAYS_OUT: {
    summary: "All that an earlier version of a merge has more than the present one was taken back, and stays so",
    exitCode: 1,
    httpStatus: 409,
    isRetryable: false,
  },
  ROLLBACK_TEARS: {
    summary: "Rolling back would leave readers with assets that were built from what is taken back",
    exitCode: 3,
    httpStatus: 409,
    isRetryable: false,
  },
} as const satisfies Record<string, CodeFacts>;
