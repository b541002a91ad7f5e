import { WatersmeetError } from "@watersmeet/core/errors";
import { findOpenLegs, type CutLeg } from "@watersmeet/core/merge";
import { renderTimestamp } from "@watersmeet/core/schema";
import type { Staged } from "../../stores/store.ts";
import { nameStep, type StepWork } from "../step-work.ts";
import { findWindow } from "./find-window.ts";

/**
 * Where the author asks for it, a window is joined only when all of it has come (M24 b). How far a source is follows from its sealed batches, so this is known when they are staged.
 * @throws {MERGE_LEGS_MISSING} naming each branch that is not there yet
 */
export function requireComplete(work: StepWork, { cut }: Staged): void {
  const terms = work.spec.merge;
  if (terms?.mustBeComplete !== true || cut === undefined) return;
  const window = findWindow(work);
  if (window === null) return;
  const open = findOpenLegs(cut.cut.legs, { completeUntil: window.to, required: terms.wait?.required ?? [] });
  if (open.length === 0) return;
  const end = renderTime(window.to);
  throw new WatersmeetError(
    "MERGE_LEGS_MISSING",
    `${nameStep(work.step)} waits for all of its window, which ends at ${end}: ${open.map(describeLeg).join("; ")}`,
    {
      hint: "It is joined when the branches are past the end of the window, or have finished; their sources say so with ctx.watermark or ctx.finish. Run it again then.",
      details: {
        windowEnd: end,
        legs: open.map(({ branch, state, watermark }) => ({
          branch,
          state,
          watermark: watermark && renderTime(watermark),
        })),
      },
    },
  );
}

function describeLeg({ branch, state, watermark }: CutLeg): string {
  const word = state === "suspect" ? "is overdue" : `is ${state}`;
  return watermark === null
    ? `${branch} ${word} and knows no watermark`
    : `${branch} ${word} at ${renderTime(watermark)}`;
}

function renderTime(micros: string): string {
  return renderTimestamp(BigInt(micros)) ?? micros;
}
