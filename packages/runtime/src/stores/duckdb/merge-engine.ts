import type { MergeEngine } from "../merge-seam.ts";
import { createMergeEngine } from "../merge/merge-engine.ts";
import { duckdbMergeDialect } from "./merge-dialect.ts";

export const duckdbMergeEngine: MergeEngine = createMergeEngine(duckdbMergeDialect);
