import type { AssetKey, PartitionKey } from "@watersmeet/core/values";
import { headKey, moveKey } from "../../src/stores/commit/decide-commits.ts";
import type { Commit, CommitRequest } from "../../src/stores/store.ts";
import type { DecidingCore } from "./core.ts";
import type { Findings } from "./findings.ts";

/** A store in memory. What is one transaction in a real one is one call here; deciding is production's. */
export interface SimulatedStore {
  /** Ledger rows in the order of their sequence. */
  readonly commits: Commit[];
  readonly heads: Map<string, number>;
  find(commitId: string): Commit | undefined;
  findVersion(asset: AssetKey, version: number): Commit | undefined;
  head(asset: AssetKey, partition: PartitionKey): number | null;
  /** What readers see. */
  listServed(): readonly Commit[];
  /** `null`: stale, and nothing was written. */
  commit(request: CommitRequest, made: MadeFrom, now: number): Commit | null;
  madeFrom(commit: Commit): MadeFrom;
  /** Moves a head to a version that was committed before. `null`: stale, and nothing was moved. */
  move(commit: Commit, options: { readonly moveId: string; readonly base: number | null }): Commit | null;
}

/** What a version is made from: commit ids of its inputs, and the code. */
export interface MadeFrom {
  readonly inputs: readonly string[];
  readonly code: number;
}

export const environment = "prod";

export function createSimulatedStore(core: DecidingCore, findings: Findings): SimulatedStore {
  const commits: Commit[] = [];
  const byId = new Map<string, Commit>();
  const byVersion = new Map<string, Commit>();
  const heads = new Map<string, number>();
  const nextVersions = new Map<AssetKey, number>();
  const madeFrom = new Map<string, MadeFrom>();
  const moveIds = new Set<string>();
  const headOf = (asset: AssetKey, partition: PartitionKey): number | null =>
    heads.get(headKey(environment, asset, partition)) ?? null;

  const insert = (commit: Commit): void => {
    // S1.
    if (byId.has(commit.commitId)) findings.add("S1", `${commit.asset} was committed twice as ${commit.commitId}`);
    if (byVersion.has(`${commit.asset}/${commit.version}`))
      findings.add("S1", `${commit.asset} has two versions ${commit.version}`);
    commits.push(commit);
    byId.set(commit.commitId, commit);
    byVersion.set(`${commit.asset}/${commit.version}`, commit);
    nextVersions.set(commit.asset, Math.max(nextVersions.get(commit.asset) ?? 1, commit.version + 1));
  };

  /** S4: whoever moves a head must have built on what readers saw until then. */
  const moveHead = (commit: Commit, to: number, base: number | null): void => {
    const seen = headOf(commit.asset, commit.partition);
    if (seen !== base)
      findings.add("S4", `${commit.asset} went from version ${seen} to ${to}, which was made after version ${base}`);
    heads.set(headKey(environment, commit.asset, commit.partition), to);
  };

  return {
    commits,
    heads,
    find: (commitId) => byId.get(commitId),
    findVersion: (asset, version) => byVersion.get(`${asset}/${version}`),
    head: headOf,
    listServed: () => commits.filter((commit) => headOf(commit.asset, commit.partition) === commit.version),
    madeFrom: (commit) => madeFrom.get(commit.commitId) ?? { inputs: [], code: -1 },
    commit(request, made, now) {
      const known = byId.get(request.commitId);
      const { asset, partition } = request.staged.target;
      const decision = core.decideCommits([request], {
        known: known === undefined ? new Map() : new Map([[request.commitId, known]]),
        moved: moveIds,
        heads,
        nextVersions,
        committedAt: String(now),
      });
      if (decision.stale !== null) {
        // S11: readers see what it came to publish, so there was nothing to refuse.
        if (known !== undefined && headOf(asset.key, partition) === known.version)
          findings.add("S11", `${asset.key} was refused as stale although readers see what it made`);
        return null;
      }
      const [answer] = decision.commits;
      if (answer === undefined) return null;
      if (decision.versions.length > 0) {
        insert(answer);
        madeFrom.set(answer.commitId, made);
      }
      for (const move of decision.moves) {
        moveHead(answer, move.to, request.baseVersion);
        moveIds.add(moveKey(environment, move.moveId));
      }
      return answer;
    },
    move(commit, { moveId, base }) {
      const seen = headOf(commit.asset, commit.partition);
      const { version } = commit;
      const decision = core.decideRevert({
        isLogged: moveIds.has(moveKey(environment, moveId)),
        seen,
        version,
        expected: base,
      });
      if (decision === "done") return commit;
      if (decision === "stale") return null;
      moveIds.add(moveKey(environment, moveId));
      moveHead(commit, commit.version, base);
      return commit;
    },
  };
}
