import { isWatersmeetError } from "@watersmeet/core/errors";
import type { Json } from "@watersmeet/core/values";
import type { AttemptReport } from "../child/protocol.ts";
import type { Commit, CommitRequest, Measurement, ReadHead, Staged } from "../stores/store.ts";
import { chainFeed } from "./chain-feed.ts";
import { buildCommitRecord, renderCommitRecord } from "./commit-record.ts";
import { nameRowChecks } from "./gate.ts";
import type { StepWork } from "./step-work.ts";

export interface CommitInput {
  readonly staged: Staged;
  readonly measurement: Measurement;
  readonly report: AttemptReport;
  /** What readers saw of the inputs just now: see `CommitRequest.readSet`. */
  readonly read: readonly ReadHead[];
}

export interface CommittedStep {
  readonly commit: Commit;
  readonly facts: Json;
}

/**
 * Publishes: ledger row, rows and head move in one transaction of the store, or not at all. A version with the digest of the one before
 * is a version all the same; it makes nothing downstream stale.
 * @throws {STORE_STALE} when readers see another version than the step was built on, or another one of what it read
 * @throws {STORE_COMMIT_UNKNOWN} when the store cannot be asked what became of the commit: the next attempt will ask
 */
export async function commitStaged(work: StepWork, input: CommitInput): Promise<CommittedStep> {
  const facts = factsOf(input);
  const request = await buildRequest(work, input, facts);
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

async function buildRequest(work: StepWork, input: CommitInput, facts: Json): Promise<CommitRequest> {
  const { step, commitId, startedAt } = work;
  const { staged, report } = input;
  const chained = await chainFeed(work, input.measurement);
  const { measurement } = chained ?? input;
  const record = buildCommitRecord(step, {
    startedAt: startedAt.toISOString(),
    sizeBytes: measurement.sizeBytes,
    quarantinedCount: staged.quarantinedCount,
    facts,
    ...("checkpoint" in report ? { checkpoint: report.checkpoint } : {}),
    ...(report.promise === null ? {} : { promise: report.promise }),
    ...(chained === null ? {} : { follows: chained.follows }),
  });
  const rowChecks = nameRowChecks(work);
  return {
    commitId,
    environment: step.environment,
    staged,
    measurement,
    baseVersion: step.head?.version ?? null,
    readSet: input.read,
    record: renderCommitRecord(record),
    ...(rowChecks === null ? {} : { rowChecks }),
  };
}

function factsOf({ staged, report }: CommitInput): Json {
  const { cut, fates, batches } = staged;
  const isMerge = cut !== undefined || batches.length > 0;
  const merge = isMerge
    ? {
        merge: {
          fates,
          batches: batches.map((batch): Json => ({ ...batch })),
          ...(cut === undefined ? {} : { cutId: cut.cutId }),
        },
      }
    : {};
  return Object.keys(report.facts).length === 0 ? merge : { ...merge, report: report.facts };
}
