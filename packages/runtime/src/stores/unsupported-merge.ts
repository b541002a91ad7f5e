import { WatersmeetError } from "@watersmeet/core/errors";
import type { MergeEngine } from "./merge-seam.ts";

/** Stands in the place of a merge engine until MERGE's is there. */
export const unsupportedMerge: MergeEngine = {
  ensureTables: () => Promise.resolve(),
  stage: () => Promise.reject(new WatersmeetError("STORE_QUERY_FAILED", "This store cannot merge yet")),
  publish: () => Promise.resolve(),
  discard: () => Promise.resolve(),
};
