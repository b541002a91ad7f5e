import { codes, isWatersmeetError, type ErrorCode } from "@watersmeet/core/errors";
import { plainDetails } from "../../child/plain-details.ts";
import type { ChildFailure } from "../../child/protocol.ts";
import type { FailureClass, StepFailure, StepOutcome } from "../step.ts";

/** Codes whose class is another one than the table's `isRetryable` gives. */
const classes: Readonly<Partial<Record<ErrorCode, FailureClass>>> = {
  CHILD_DIED: "poison",
  GATE_FAILED: "data",
  MERGE_BATCH_AMBIGUOUS: "data",
  // Of a step: what has not come yet may come. What waiting at the queue comes to is settled there.
  MERGE_LEGS_MISSING: "transient",
  MERGE_ROWS_CONFLICT: "data",
  MERGE_SNAPSHOT_SHRANK: "data",
  STORE_VALUE_INVALID: "data",
};

export function classOf(code: ErrorCode): FailureClass {
  return classes[code] ?? (codes[code].isRetryable ? "transient" : "permanent");
}

/** What user code did, as it is recorded. What it asked for (`RetryAfterError`, `NonRetriableError`) goes before the table. */
export function failureOfChild({ wishes, ...failure }: ChildFailure): StepFailure {
  return { class: wishes ?? classOf(failure.code), ...failure };
}

/** Codes with which a store refuses rows that it was given, as a gate does: the version before stays served. */
const gateCodes: readonly ErrorCode[] = ["MERGE_SNAPSHOT_SHRANK"];

/** How an attempt ends that threw. */
export function outcomeOfError(error: unknown): Extract<StepOutcome, { readonly kind: "failed" | "blocked" }> {
  const isGate = isWatersmeetError(error) && gateCodes.includes(error.code);
  return { kind: isGate ? "blocked" : "failed", failure: failureOfError(error) };
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
