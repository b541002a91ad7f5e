import { mkdir } from "node:fs/promises";
import { WatersmeetError } from "@watersmeet/core/errors";
import { judgeChecks } from "@watersmeet/core/gate";
import type { Measurement, Staged } from "../stores/store.ts";
import type { UserOutput } from "./call-user-code.ts";
import { blockedBy } from "./outcome/blocked-by.ts";
import { performInChild } from "./perform-in-child.ts";
import { nameStep, type StepWork, type VerbResult } from "./step-work.ts";

export interface GateInput {
  readonly output: UserOutput;
  readonly staged: Staged;
  readonly signal: AbortSignal;
}

/** Holds exactly the staged rows against every check. All failures are told, not the first. */
export async function judgeStaged(work: StepWork, input: GateInput): Promise<VerbResult<Measurement>> {
  const { store, spec } = work;
  const { output, staged, signal } = input;
  requireEqualFolds(work, staged);
  const measurement = await store.measure(staged, spec.checks, signal);
  const verdict = judgeChecks(spec.checks, measurement.checks);
  if (verdict.kind === "block") return blockedBy(work, verdict.failures, measurement.rowCount);
  // Rows of TypeScript have been through zod on their way.
  if (!isOfTypescript(output) && spec.hasRowSideChecks) {
    const refused = await judgeRowByRow(work, staged);
    if (refused !== null) return refused;
  }
  return { kind: "done", value: measurement };
}

function isOfTypescript({ kind }: UserOutput): boolean {
  return kind === "rows" || kind === "messageRows";
}

/** What SQL cannot check: zod looks at every staged row, in a child. */
async function judgeRowByRow(work: StepWork, staged: Staged): Promise<VerbResult<never> | null> {
  await mkdir(work.stagingDirectory, { recursive: true });
  // What the version before had has passed the same checks with it.
  const rows = (staged.difference?.rowChecks ?? null) === nameRowChecks(work) ? "opened" : "all";
  const file = await work.store.exportStaged(staged, work.stagingDirectory, { rows });
  const answered = await performInChild(work, { kind: "validate", asset: work.asset, file });
  if (answered.kind === "ended") return answered;
  const result = answered.value;
  return result.kind === "invalidRows" ? blockedBy(work, result.failures, result.rowCount) : null;
}

/** Names the checks that only zod can make, for versions that are kept as differences; `null`: there are none. */
export function nameRowChecks({ asset, spec, target }: StepWork): string | null {
  return spec.hasRowSideChecks && target.asset.isStamped === true ? asset.schemaVersion : null;
}

/** @throws {MERGE_SHADOW_MISMATCH} */
function requireEqualFolds({ step }: StepWork, { shadow }: Staged): void {
  const keys = shadow?.differentKeys ?? [];
  if (keys.length === 0) return;
  const shown = keys.slice(0, 5).join(", ");
  throw new WatersmeetError(
    "MERGE_SHADOW_MISMATCH",
    `${keys.length} of ${shadow?.sampledKeys ?? keys.length} keys of ${nameStep(step)} that were folded a second time, in full, came out differently: ${shown}`,
    {
      hint: `Nothing was published, and ${step.asset} is frozen. Compare the keys with watersmeet explain; then watersmeet unfreeze ${step.asset}.`,
      details: { keys: keys.slice(0, 100), sampledKeys: shadow?.sampledKeys ?? null },
    },
  );
}
