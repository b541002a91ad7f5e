import type { Dialect } from "../dialect.ts";
import type { MergeEngine } from "../merge-seam.ts";
import { createMergeEngine } from "../merge/merge-engine.ts";
import type { MergeSettings } from "../merge/stage-merge.ts";
import { createPgMergeDialect } from "./merge-dialect.ts";

export function createPgMergeEngine(dialect: Dialect, settings?: MergeSettings): MergeEngine {
  return createMergeEngine(createPgMergeDialect(dialect), settings);
}
