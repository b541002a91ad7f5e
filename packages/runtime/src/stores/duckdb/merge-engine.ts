import type { MergeEngine } from "../merge-seam.ts";
import { createMergeEngine } from "../merge/merge-engine.ts";
import type { MergeSettings } from "../merge/stage-merge.ts";
import { duckdbMergeDialect } from "./merge-dialect.ts";

export function createDuckdbMergeEngine(settings?: MergeSettings): MergeEngine {
  return createMergeEngine(duckdbMergeDialect, settings);
}
