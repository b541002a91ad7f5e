import type { MergeEngine } from "../merge-seam.ts";
import { createMergeEngine } from "../merge/merge-engine.ts";
import { duckdbMergeDialect } from "./merge-dialect.ts";

export function createDuckdbMergeEngine(): MergeEngine {
  return createMergeEngine(duckdbMergeDialect);
}
