import { isWatersmeetError, WatersmeetError } from "@watersmeet/core/errors";
import { compareStrings } from "@watersmeet/core/values";
import type { StepWork } from "../step-work.ts";

/** A refusal of the merge's schema, with the assets that read the merge: whoever mends it has to know for whom. Other errors are what they were. */
export function nameReaders(error: unknown, { asset, project }: Pick<StepWork, "asset" | "project">): unknown {
  if (!isWatersmeetError(error) || error.code !== "MERGE_EPOCH_INCOMPATIBLE") return error;
  const edges = project.graph.downstream.get(asset.key) ?? [];
  const consumers = [...new Set(edges.map(({ to }) => to))].sort(compareStrings);
  const readBy = consumers.length === 0 ? "" : `. Read by ${consumers.join(", ")}`;
  return new WatersmeetError(error.code, `${error.message}${readBy}`, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    details: { ...error.details, consumers },
    cause: error,
  });
}
