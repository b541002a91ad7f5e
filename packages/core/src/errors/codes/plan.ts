import type { CodeFacts } from "../code-facts.ts";

/** Raised while a selection, partitions or a plan are worked out. */
export const planCodes = {
  SELECTION_INVALID: { summary: "The selection cannot be parsed", exitCode: 2, httpStatus: 400, isRetryable: false },
  ASSET_UNKNOWN: { summary: "No asset has this key", exitCode: 2, httpStatus: 404, isRetryable: false },
  PARTITION_INVALID: {
    summary: "A partition key or range does not belong to the asset",
    exitCode: 2,
    httpStatus: 400,
    isRetryable: false,
  },
  GRAPH_CYCLE: { summary: "Assets depend on each other in a circle", exitCode: 3, httpStatus: 422, isRetryable: false },
  GRAPH_DUPLICATE_KEY: { summary: "Two assets have the same key", exitCode: 3, httpStatus: 422, isRetryable: false },
  MAPPING_INCOMPATIBLE: {
    summary: "An asset cannot read another with this partition mapping",
    exitCode: 3,
    httpStatus: 422,
    isRetryable: false,
  },
  PLAN_UNREADABLE: { summary: "A stored plan cannot be read", exitCode: 1, httpStatus: 500, isRetryable: false },
} as const satisfies Record<string, CodeFacts>;
