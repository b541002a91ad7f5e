import { stableJson, type Json } from "@watersmeet/core/values";
import type { BatchOrigin, Delivery } from "../../stores/port/staged-merge.ts";
import type { Commit } from "../../stores/store.ts";
import { readCommitRecord } from "../commit-record.ts";
import type { StepWork } from "../step-work.ts";
import type { InputVersion } from "../step.ts";
import { readOrigin } from "./input-commits.ts";

/** One version of an asset that emits changes or snapshots. */
export interface FeedVersion {
  readonly input: InputVersion;
  readonly cursor: Delivery["cursor"];
  readonly promise: Delivery["promise"];
  readonly origin: BatchOrigin;
}

/** Versions of a feed, oldest first. */
export interface Feed {
  readonly versions: readonly FeedVersion[];
  /** Whether the first is the one that was asked to begin from, and not the beginning. */
  readonly isContinued: boolean;
}

/**
 * The versions that lead to the pinned one, oldest first: each names the one that it follows, so that versions which readers were taken back from are left out.
 * It ends where a version follows none, or one that the store has let go; with `from`, at that version, unless readers were taken back from it.
 */
export async function listFeed(work: StepWork, pinned: InputVersion, from: number | null): Promise<Feed> {
  if (from !== null && from <= pinned.version) {
    const chain = await listChain(work, pinned, from);
    if (chain[0]?.version === from) return { versions: describeAll(chain, pinned.position), isContinued: true };
  }
  return { versions: describeAll(await listChain(work, pinned, null), pinned.position), isContinued: false };
}

async function listChain(
  { step, store }: StepWork,
  { asset, partition, version }: InputVersion,
  from: number | null,
): Promise<readonly Commit[]> {
  const { environment } = step;
  const range = { upTo: version, ...(from === null ? {} : { from }) };
  const commits = await store.listVersions({ environment, asset, partition, ...range });
  const byVersion = new Map(commits.map((commit) => [commit.version, commit]));
  const chain: Commit[] = [];
  for (let next = byVersion.get(version); next !== undefined; next = baseOf(next, byVersion)) chain.push(next);
  return chain.reverse();
}

function describeAll(chain: readonly Commit[], position: string): readonly FeedVersion[] {
  return chain.map((commit, index) => describe(commit, chain[index - 1], position));
}

function baseOf(commit: Commit, byVersion: ReadonlyMap<number, Commit>): Commit | undefined {
  const base = readCommitRecord(commit)?.follows;
  // A version is never older than the one that it follows.
  return typeof base === "number" && base < commit.version ? byVersion.get(base) : undefined;
}

function describe(commit: Commit, before: Commit | undefined, position: string): FeedVersion {
  const { asset, partition, version, commitId, dataDigest } = commit;
  const input: InputVersion = { position, asset, partition, version, commitId, dataDigest };
  const record = readCommitRecord(commit);
  const from = before === undefined ? undefined : readCommitRecord(before)?.checkpoint;
  return {
    input,
    cursor:
      record?.checkpoint === undefined
        ? null
        : { from: from === undefined ? null : renderCursor(from), to: renderCursor(record.checkpoint) },
    promise: record?.promise ?? null,
    origin: readOrigin(input, new Map([[commitId, commit]])),
  };
}

/** A cursor as text that compares as it does: whole numbers with leading zeros; what is neither text nor such a number as JSON. */
function renderCursor(cursor: Json): string {
  if (typeof cursor === "string") return cursor;
  const isCount = typeof cursor === "number" && Number.isSafeInteger(cursor) && cursor >= 0;
  return isCount ? String(cursor).padStart(16, "0") : stableJson(cursor);
}
