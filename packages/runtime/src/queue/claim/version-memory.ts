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
  const versions = new Map<string, VersionRow>();
  return {
    find: (runId, ordinal) => versions.get(`${runId}/${ordinal}`),
    add(runId, ordinal, version) {
      versions.set(`${runId}/${ordinal}`, version);
      const oldest = versions.size > capacity ? versions.keys().next() : undefined;
      if (oldest !== undefined && oldest.done !== true) versions.delete(oldest.value);
    },
  };
}
