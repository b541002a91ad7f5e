import type { CodeFacts } from "../code-facts.ts";

/** Found in watersmeet.config.ts, flags and the environment. */
export const configCodes = {
  CONFIG_INVALID: { summary: "The configuration is not valid", exitCode: 2, httpStatus: 400, isRetryable: false },
  CONFIG_NOT_FOUND: {
    summary: "No project was found in this folder",
    exitCode: 2,
    httpStatus: 404,
    isRetryable: false,
  },
} as const satisfies Record<string, CodeFacts>;
