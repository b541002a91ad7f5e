import type { CodeFacts } from "./code-facts.ts";
import { codes, type ErrorCode } from "./codes.ts";

/** JSON-able facts about a failure. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

export interface ErrorOptions {
  readonly hint?: string;
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
}

/** The one class that Watersmeet throws. Match on `code`, never on the text. */
export class WatersmeetError extends Error {
  override readonly name = "WatersmeetError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }

  /** The row of the code table that this error belongs to: exit code, HTTP status, whether a retry can help. */
  get facts(): CodeFacts {
    return codes[this.code];
  }
}

export function isWatersmeetError(value: unknown): value is WatersmeetError {
  return value instanceof WatersmeetError;
}
