import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import type { Commit, CommitRequest, ReadHead } from "../store.ts";

/** What the store holds already, as read inside the commit's transaction. */
export interface CommitFacts {
  /** By commit id. */
  readonly known: ReadonlyMap<string, Commit>;
  /** By `moveKey`: known commits that have moved the head of the environment once. */
  readonly moved: ReadonlySet<string>;
  /** By `headKey`: of what is to be moved, and of what was read. */
  readonly heads: ReadonlyMap<string, number>;
  /** By asset: the version that the next commit gets. */
  readonly nextVersions: ReadonlyMap<AssetKey, number>;
  readonly committedAt: string;
}

/** A version that comes into being, with its staged rows. */
export interface NewVersion {
  readonly request: CommitRequest;
  readonly version: number;
}

/** Readers of one (environment, asset, partition) are to see another version. */
export interface HeadMove {
  readonly moveId: string;
  readonly environment: string;
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly from: number | null;
  readonly to: number;
  /** Where the rows of `to` are now: in a staging, or in the store since an earlier commit. */
  readonly rows: "staged" | "stored";
}

export interface StaleCommit {
  readonly request: CommitRequest;
  /** Of what it read, that which has moved; `null`: its own head has. */
  readonly input: ReadHead | null;
  /** What readers see of it. */
  readonly head: number | null;
}

/** What a transaction is to do. Either something is stale and nothing is to be done, or `commits` answers the requests in their order. */
export interface CommitDecision {
  readonly versions: readonly NewVersion[];
  readonly moves: readonly HeadMove[];
  readonly commits: readonly Commit[];
  readonly stale: StaleCommit | null;
}

export function headKey(environment: string, asset: AssetKey, partition: PartitionKey): string {
  return JSON.stringify([environment, asset, partition]);
}

export function moveKey(environment: string, moveId: string): string {
  return JSON.stringify([environment, moveId]);
}

/**
 * Decides commits by compare-and-set. For a known id: when readers see its version, it is a replay and nothing moves; when it was made in another environment
 * and readers of this one see the version that the request was based on, the head moves to it. An id moves a head once: when readers do not see its version any
 * more, somebody has taken them elsewhere since, perhaps back to the very version that the request was based on, and it is stale, like anything else. Whoever
 * wants it back asks for a move of its own (`revert`). Stale is, too, what was read from heads that are elsewhere by now.
 */
export function decideCommits(requests: readonly CommitRequest[], facts: CommitFacts): CommitDecision {
  const versions: NewVersion[] = [];
  const moves: HeadMove[] = [];
  const commits: Commit[] = [];
  const next = new Map(facts.nextVersions);
  for (const request of requests) {
    const { asset, partition } = request.staged.target;
    const head = facts.heads.get(headKey(request.environment, asset.key, partition)) ?? null;
    const known = facts.known.get(request.commitId);
    if (known !== undefined && head === known.version) {
      commits.push({ ...known, isReplay: true });
      continue;
    }
    const isUsedUp = known !== undefined && facts.moved.has(moveKey(request.environment, request.commitId));
    const isOnBase = head === request.baseVersion && !isUsedUp;
    const stale = isOnBase ? findMovedInput(request, facts) : { request, input: null, head };
    if (stale !== null) return { versions: [], moves: [], commits: [], stale };
    const version = known?.version ?? next.get(asset.key) ?? 1;
    if (known === undefined) {
      versions.push({ request, version });
      next.set(asset.key, version + 1);
    }
    commits.push(known === undefined ? newCommit(request, version, facts.committedAt) : { ...known, isReplay: true });
    moves.push({
      moveId: request.commitId,
      environment: request.environment,
      asset: asset.key,
      partition,
      from: head,
      to: version,
      rows: known === undefined ? "staged" : "stored",
    });
  }
  return { versions, moves, commits, stale: null };
}

function findMovedInput(request: CommitRequest, { heads }: CommitFacts): StaleCommit | null {
  for (const input of request.readSet ?? []) {
    const head = heads.get(headKey(request.environment, input.asset, input.partition)) ?? null;
    if (head !== input.version) return { request, input, head };
  }
  return null;
}

function newCommit(request: CommitRequest, version: number, committedAt: string): Commit {
  return {
    commitId: request.commitId,
    asset: request.staged.target.asset.key,
    partition: request.staged.target.partition,
    version,
    rowCount: request.measurement.rowCount,
    dataDigest: request.measurement.dataDigest,
    record: request.record,
    committedAt,
    isReplay: false,
  };
}

/** What no two requests of one round have in common. */
export function listTouched({ commitId, environment, staged: { target } }: CommitRequest): readonly string[] {
  return [headKey(environment, target.asset.key, target.partition), commitId, target.attempt];
}

/** Splits requests so that no two of one round touch the same head or the same commit id: a round is decided on facts that the rounds before it have made. */
export function splitIntoRounds(requests: readonly CommitRequest[]): readonly (readonly CommitRequest[])[] {
  const rounds: CommitRequest[][] = [];
  let taken = new Set<string>();
  for (const request of requests) {
    const names = listTouched(request);
    const current = rounds.at(-1);
    if (current === undefined || names.some((name) => taken.has(name))) {
      rounds.push([request]);
      taken = new Set(names);
    } else {
      current.push(request);
      for (const name of names) taken.add(name);
    }
  }
  return rounds;
}
