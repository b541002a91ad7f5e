import type { CodeFacts } from "../code-facts.ts";

/** Raised while a definition or its zod schema is read, and while rows are held against it. */
export const schemaCodes = {
  DEFINITION_INVALID: {
    summary: "A definition was given an argument that it cannot have",
    exitCode: 3,
    httpStatus: 422,
    isRetryable: false,
  },
  SCHEMA_NOT_AN_OBJECT: {
    summary: "An asset's schema is not a zod object",
    exitCode: 3,
    httpStatus: 422,
    isRetryable: false,
  },
  SCHEMA_UNSUPPORTED: {
    summary: "A zod type cannot be stored as a column",
    exitCode: 3,
    httpStatus: 422,
    isRetryable: false,
  },
  SCHEMA_COLUMN_NAME_INVALID: {
    summary: "A column's name cannot be kept by every store",
    exitCode: 3,
    httpStatus: 422,
    isRetryable: false,
  },
  ROW_INVALID: { summary: "A row does not fit its asset's schema", exitCode: 3, httpStatus: 422, isRetryable: false },
} as const satisfies Record<string, CodeFacts>;
