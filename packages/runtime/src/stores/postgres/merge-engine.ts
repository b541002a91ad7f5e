import type { Dialect } from "../dialect.ts";
import type { MergeEngine } from "../merge-seam.ts";
import { createMergeEngine } from "../merge/merge-engine.ts";
import { createPgMergeDialect } from "./merge-dialect.ts";

export function createPgMergeEngine(dialect: Dialect): MergeEngine {
  return createMergeEngine(createPgMergeDialect(dialect));
}
