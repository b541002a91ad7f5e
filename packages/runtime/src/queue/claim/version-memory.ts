import type { MaterializationId, RunId } from "../../ledger/records.ts";

/** What a step needs to know of a version that it reads. */
export interface VersionRow {
  readonly id: MaterializationId;
  readonly version: number;
  readonly commit_id: string;
  readonly data_digest: string;
}

/**
 * Versions that steps of runs have made and that this process recorded itself: whoever reads them next is most often here. Nothing in it goes stale: a step
 * that has succeeded is never run again in its run.
 */
export interface VersionMemory {
  find(runId: RunId, ordinal: number): VersionRow | undefined;
  add(runId: RunId, ordinal: number, version: VersionRow): void;
}

export function createVersionMemory(capacity = 100_000): VersionMemory {
  const runs = new Map<RunId, Map<number, VersionRow>>();
  let size = 0;
  const dropOldest = (): void => {
    const [run] = runs;
    if (run === undefined) return;
    const [runId, versions] = run;
    const [oldest] = versions.keys();
    if (oldest !== undefined && versions.delete(oldest)) size -= 1;
    if (versions.size === 0) runs.delete(runId);
  };
  return {
    find: (runId, ordinal) => runs.get(runId)?.get(ordinal),
    add(runId, ordinal, version) {
      const versions = runs.get(runId) ?? new Map<number, VersionRow>();
      if (versions.size === 0) runs.set(runId, versions);
      if (!versions.has(ordinal)) size += 1;
      versions.set(ordinal, version);
      if (size > capacity) dropOldest();
    },
  };
}
