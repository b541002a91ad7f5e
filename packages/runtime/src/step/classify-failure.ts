import { codes, isWatersmeetError, type ErrorCode } from "@watersmeet/core/errors";
import { plainDetails } from "../child/plain-details.ts";
import type { ChildFailure } from "../child/protocol.ts";
import type { FailureClass, StepFailure } from "./step.ts";

/** Codes whose class is another one than the table's `isRetryable` gives. */
const classes: Readonly<Partial<Record<ErrorCode, FailureClass>>> = {
  CHILD_DIED: "poison",
  GATE_FAILED: "data",
  STORE_VALUE_INVALID: "data",
};

export function classOf(code: ErrorCode): FailureClass {
  return classes[code] ?? (codes[code].isRetryable ? "transient" : "permanent");
}

/** What user code did, as it is recorded. What it asked for (`RetryAfterError`, `NonRetriableError`) goes before the table. */
export function failureOfChild({ wishes, ...failure }: ChildFailure): StepFailure {
  return { class: wishes ?? classOf(failure.code), ...failure };
}

/** Anything that a store or we ourselves threw, as it is recorded. An error without a code is a defect of ours. */
export function failureOfError(error: unknown): StepFailure {
  const code = isWatersmeetError(error) ? error.code : "INTERNAL";
  return {
    class: classOf(code),
    code,
    message: error instanceof Error ? error.message : String(error),
    hint: isWatersmeetError(error) ? (error.hint ?? null) : null,
    stack: code === "INTERNAL" && error instanceof Error ? (error.stack ?? null) : null,
    details: isWatersmeetError(error) ? plainDetails(error.details) : {},
    retryAfterMs: null,
  };
}
