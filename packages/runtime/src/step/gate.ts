import { mkdir } from "node:fs/promises";
import { judgeChecks } from "@watersmeet/core/gate";
import type { Measurement, Staged } from "../stores/store.ts";
import { blockedBy } from "./blocked-by.ts";
import type { UserOutput } from "./call-user-code.ts";
import { performInChild } from "./perform-in-child.ts";
import type { StepWork, VerbResult } from "./step-work.ts";

export interface GateInput {
  readonly output: UserOutput;
  readonly staged: Staged;
  readonly signal: AbortSignal;
}

/** Holds exactly the staged rows against every check. All failures are told, not the first. */
export async function judgeStaged(work: StepWork, input: GateInput): Promise<VerbResult<Measurement>> {
  const { store, spec } = work;
  const { output, staged, signal } = input;
  const measurement = await store.measure(staged, spec.checks, signal);
  const verdict = judgeChecks(spec.checks, measurement.checks);
  if (verdict.kind === "block") return blockedBy(work, verdict.failures, measurement.rowCount);
  // Rows of TypeScript have been through zod on their way to the file.
  if (output.kind !== "rows" && spec.hasRowSideChecks) {
    const refused = await judgeRowByRow(work, staged);
    if (refused !== null) return refused;
  }
  return { kind: "done", value: measurement };
}

/** What SQL cannot check: zod looks at every staged row, in a child. */
async function judgeRowByRow(work: StepWork, staged: Staged): Promise<VerbResult<never> | null> {
  await mkdir(work.stagingDirectory, { recursive: true });
  const file = await work.store.exportStaged(staged, work.stagingDirectory);
  const answered = await performInChild(work, { kind: "validate", asset: work.asset, file });
  if (answered.kind === "ended") return answered;
  const result = answered.value;
  return result.kind === "invalidRows" ? blockedBy(work, result.failures, result.rowCount) : null;
}
