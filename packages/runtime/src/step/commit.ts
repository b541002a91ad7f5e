import { isWatersmeetError } from "@watersmeet/core/errors";
import type { Json } from "@watersmeet/core/values";
import type { AttemptReport } from "../child/protocol.ts";
import type { Commit, CommitRequest, Measurement, Staged } from "../stores/store.ts";
import { buildCommitRecord, renderCommitRecord } from "./commit-record.ts";
import type { StepWork } from "./step-work.ts";

export interface CommitInput {
  readonly staged: Staged;
  readonly measurement: Measurement;
  readonly report: AttemptReport;
}

export interface CommittedStep {
  readonly commit: Commit;
  readonly facts: Json;
}

/**
 * Publishes: ledger row, rows and head move in one transaction of the store, or not at all. A version with the digest of the one before
 * is a version all the same; it makes nothing downstream stale.
 * @throws {STORE_STALE} when readers see another version than the step was built on
 * @throws {STORE_COMMIT_UNKNOWN} when the store cannot be asked what became of the commit: the next attempt will ask
 */
export async function commitStaged(work: StepWork, input: CommitInput): Promise<CommittedStep> {
  const facts = factsOf(input);
  const request = requestOf(work, input, facts);
  try {
    const [commit] = await work.store.commit([request]);
    if (commit !== undefined) return { commit, facts };
  } catch (error) {
    const found = await resolveUnknown(work, error);
    if (found !== undefined) return { commit: found, facts };
    throw error;
  }
  throw new Error(`store ${work.store.name} answered a commit with nothing`);
}

/** A commit that threw may have happened all the same. Its id tells; nothing is tried again blindly. */
async function resolveUnknown({ store, commitId }: StepWork, error: unknown): Promise<Commit | undefined> {
  if (!isWatersmeetError(error) || error.code !== "STORE_COMMIT_UNKNOWN") return undefined;
  try {
    const [found] = await store.findCommits([commitId]);
    return found;
  } catch {
    // The store is still away. The commit stays unknown, as the first error says.
    return undefined;
  }
}

function requestOf(
  { step, commitId, startedAt }: StepWork,
  { staged, measurement, report }: CommitInput,
  facts: Json,
): CommitRequest {
  const record = buildCommitRecord(step, {
    startedAt: startedAt.toISOString(),
    sizeBytes: measurement.sizeBytes,
    quarantinedCount: staged.quarantinedCount,
    facts,
    ...("checkpoint" in report ? { checkpoint: report.checkpoint } : {}),
  });
  return {
    commitId,
    environment: step.environment,
    staged,
    measurement,
    baseVersion: step.head?.version ?? null,
    record: renderCommitRecord(record),
  };
}

function factsOf({ staged, report }: CommitInput): Json {
  const merge =
    staged.batches.length === 0
      ? {}
      : { merge: { fates: staged.fates, batches: staged.batches.map((batch): Json => ({ ...batch })) } };
  return Object.keys(report.facts).length === 0 ? merge : { ...merge, report: report.facts };
}
