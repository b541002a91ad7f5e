import type { CodeFacts } from "../code-facts.ts";

/** Raised by gates on staged rows. */
export const gateCodes = {
  GATE_FAILED: {
    summary: "Staged rows failed a gate, so the previous version stays served",
    exitCode: 3,
    httpStatus: 422,
    isRetryable: false,
  },
} as const satisfies Record<string, CodeFacts>;
