import type { SourcePromise } from "@watersmeet/core";
import { stableJson, type Json } from "@watersmeet/core/values";
import type { Commit } from "../stores/store.ts";
import type { ClaimedStep, InputVersion } from "./step.ts";

/** What a step tells of itself, in the store's own ledger row: enough to rebuild the record of a version from the store alone. */
export interface CommitRecord {
  readonly formatVersion: 1;
  readonly codeVersion: string;
  readonly schemaVersion: string;
  readonly runId: string;
  readonly ordinal: number;
  readonly attempt: number;
  readonly traceId: string;
  /** ISO-8601 UTC. */
  readonly startedAt: string;
  readonly sizeBytes: number;
  readonly quarantinedCount: number;
  readonly inputs: readonly InputVersion[];
  readonly facts: Json;
  /** Where a source has got to with this version. */
  readonly checkpoint?: Json;
  /** What its producer promised of rows to come. */
  readonly promise?: SourcePromise;
  /** Of an asset that emits changes or snapshots: the version before; `null`: it is the first. */
  readonly follows?: number | null;
  /** Of a merge that orders were given for: their fingerprint, as it went into the commit id. */
  readonly orders?: string;
}

export interface CommitFacts {
  readonly startedAt: string;
  readonly sizeBytes: number;
  readonly quarantinedCount: number;
  readonly facts: Json;
  readonly checkpoint?: Json;
  readonly promise?: SourcePromise;
  readonly follows?: number | null;
}

export function buildCommitRecord(step: ClaimedStep, facts: CommitFacts): CommitRecord {
  const { codeVersion, schemaVersion, runId, ordinal, attempt, traceId, inputs, orders } = step;
  return {
    formatVersion: 1,
    codeVersion,
    schemaVersion,
    runId,
    ordinal,
    attempt,
    traceId,
    inputs,
    ...facts,
    ...(orders === null ? {} : { orders: orders.fingerprint }),
  };
}

/** As a store keeps it. */
export function renderCommitRecord(record: CommitRecord): Json {
  return JSON.parse(stableJson(record));
}

/** `null` when a commit was not made by a step of this format. */
export function readCommitRecord(commit: Commit): CommitRecord | null {
  const { record } = commit;
  return isCommitRecord(record) ? record : null;
}

function isCommitRecord(record: unknown): record is CommitRecord {
  return (
    record !== null &&
    typeof record === "object" &&
    "formatVersion" in record &&
    record.formatVersion === 1 &&
    "inputs" in record &&
    Array.isArray(record.inputs)
  );
}
