import {
  causes,
  codes,
  isWatersmeetError,
  type ErrorCode,
  type FailureCause,
  type FailureClass,
} from "@watersmeet/core/errors";
import { plainDetails } from "../../child/plain-details.ts";
import type { ChildFailure } from "../../child/protocol.ts";
import type { StepFailure, StepOutcome } from "../step.ts";

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

/** Codes of ours that are tried again in another way than what is unknown. */
const causesOfCodes: Readonly<Partial<Record<ErrorCode, FailureCause>>> = {
  STORE_CONFLICT: "conflict",
  STORE_EXHAUSTED: "exhausted",
  STORE_INTERRUPTED: "cancelled",
  STORE_LOCKED: "conflict",
  STORE_STALE: "conflict",
  STORE_UNREACHABLE: "unreachable",
};

export function classOf(code: ErrorCode): FailureClass {
  return classes[code] ?? (codes[code].isRetryable ? "transient" : "permanent");
}

/**
 * What user code did, as it is recorded. What it asked for (`RetryAfterError`, `NonRetriableError`) goes before the tables; what it threw itself has the class
 * of its cause, anything else that of our code.
 */
export function failureOfChild({ wishes, cause, resource, ...failure }: ChildFailure): StepFailure {
  const isThrown = failure.code === "USER_CODE_THREW";
  const isOfUserCode = isThrown || failure.code === "STEP_TIMED_OUT";
  return {
    class: wishes ?? (isThrown ? causes[cause].class : classOf(failure.code)),
    ...failure,
    cause,
    ...(isOfUserCode ? { isOfUserCode } : {}),
    ...(resource === null ? {} : { resource }),
  };
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
  const cause = causesOfCodes[code];
  return {
    class: classOf(code),
    code,
    message: error instanceof Error ? error.message : String(error),
    hint: isWatersmeetError(error) ? (error.hint ?? null) : null,
    stack: code === "INTERNAL" && error instanceof Error ? (error.stack ?? null) : null,
    details: isWatersmeetError(error) ? plainDetails(error.details) : {},
    retryAfterMs: null,
    ...(cause === undefined ? {} : { cause }),
  };
}
