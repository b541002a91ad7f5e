import type { BatchOrigin, Delivery } from "../../stores/port/staged-merge.ts";
import type { Commit, Store } from "../../stores/store.ts";
import { readCommitRecord } from "../commit-record.ts";
import type { InputVersion } from "../step.ts";

/** Commits of what a merge reads, by their ids. One that its store does not know any more is missing. */
export type InputCommits = ReadonlyMap<string, Commit>;

export async function findInputCommits(store: Store, inputs: readonly InputVersion[]): Promise<InputCommits> {
  if (inputs.length === 0) return new Map();
  const commits = await store.findCommits([...new Set(inputs.map(({ commitId }) => commitId))]);
  return new Map(commits.map((commit) => [commit.commitId, commit]));
}

/** Who made a version, by its own record. */
export function readOrigin(input: InputVersion, commits: InputCommits): BatchOrigin {
  const commit = commits.get(input.commitId);
  const record = commit === undefined ? null : readCommitRecord(commit);
  return {
    asset: input.asset,
    partition: input.partition,
    version: input.version,
    commitId: input.commitId,
    codeVersion: record?.codeVersion ?? "",
    runId: record?.runId ?? null,
    traceId: record?.traceId ?? null,
  };
}

/**
 * What the producers of several inputs promise together: of each input the word of its newest version counts, and of them all the least.
 * `null`: one of them promises nothing.
 */
export function joinPromises(inputs: readonly (readonly InputVersion[])[], commits: InputCommits): Delivery["promise"] {
  const promises = inputs.map((versions) => newestPromise(versions, commits));
  if (promises.length === 0 || promises.includes(null)) return null;
  const given = promises.filter((promise) => promise !== null);
  const open = given.filter(({ isFinished }) => !isFinished).map(({ watermark }) => watermark);
  return { watermark: leastOf(open), isFinished: open.length === 0 };
}

function newestPromise(versions: readonly InputVersion[], commits: InputCommits): Delivery["promise"] {
  const newest = versions.reduce<InputVersion | null>(
    (best, input) => (best === null || input.version > best.version ? input : best),
    null,
  );
  const commit = newest === null ? undefined : commits.get(newest.commitId);
  return commit === undefined ? null : (readCommitRecord(commit)?.promise ?? null);
}

/** Microseconds as text. A producer that names no time leaves the time of all unknown. */
function leastOf(times: readonly (string | null)[]): string | null {
  let least: string | null = null;
  for (const time of times) {
    if (time === null) return null;
    if (least === null || BigInt(time) < BigInt(least)) least = time;
  }
  return least;
}
