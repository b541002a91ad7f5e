import type { CodeFacts } from "../code-facts.ts";

/** Schedules, sensors and conditions. */
export const automationCodes = {
  AUTOMATION_CRON_INVALID: {
    summary: "A cron expression, or its time zone, is not valid",
    exitCode: 3,
    httpStatus: 422,
    isRetryable: false,
  },
  AUTOMATION_SELECTION_INVALID: {
    summary: "A schedule or sensor selects assets or partitions that the project does not have",
    exitCode: 3,
    httpStatus: 422,
    isRetryable: false,
  },
  AUTOMATION_UNKNOWN: {
    summary: "The project has no automation of that name",
    exitCode: 2,
    httpStatus: 404,
    isRetryable: false,
  },
  SENSOR_RESULT_INVALID: {
    summary: "A sensor returned something that is no answer of a sensor",
    exitCode: 1,
    httpStatus: 422,
    isRetryable: false,
  },
} as const satisfies Record<string, CodeFacts>;
