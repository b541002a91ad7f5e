import type { MergeAccess, MergeEngine } from "./merge-seam.ts";
import type { MergeArchive } from "./store.ts";

/** What a store says of its merges. */
export function openArchive(merge: MergeEngine, access: MergeAccess): MergeArchive {
  return {
    ...merge.openArchive(access),
    collect: async () => ({ versions: 0, rows: 0, batches: 0, contributions: 0 }),
  };
}
