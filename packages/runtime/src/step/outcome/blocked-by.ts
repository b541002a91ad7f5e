import { gateFailed, type GateFailure } from "@watersmeet/core/gate";
import type { StepWork, VerbResult } from "../step-work.ts";
import { failureOfError } from "./classify-failure.ts";

/** The end of an attempt whose rows failed a gate. */
export function blockedBy({ step }: StepWork, failures: readonly GateFailure[], rowCount: number): VerbResult<never> {
  const error = gateFailed(failures, { asset: step.asset, partition: step.partition, rowCount });
  return { kind: "ended", outcome: { kind: "blocked", failure: failureOfError(error) } };
}
