import { walkGraph } from "@watersmeet/core/graph";
import type { AlignmentLeg, CutInput } from "@watersmeet/core/merge";
import type { AssetKey } from "@watersmeet/core/values";
import type { Commit } from "../../stores/store.ts";
import { readCommitRecord } from "../commit-record.ts";
import type { StepWork } from "../step-work.ts";
import { toCutInput } from "./describe-legs.ts";

type Descent = AlignmentLeg["ancestry"][number];

/** What the inputs of legs come from, by commit id. */
export type Ancestry = ReadonlyMap<string, Descent>;

/**
 * Follows the inputs of a merge's legs back through the records of their versions. Only assets that two legs descend from are looked at, and those on the way to them: a merge
 * of independent sources asks the stores for nothing. `withTwins`: of each version also all others of equal content, which may have been made from something else.
 */
export async function findAncestry(
  work: StepWork,
  legs: readonly (readonly CutInput[])[],
  { withTwins }: { readonly withTwins: boolean },
): Promise<Ancestry> {
  const onTheWay = findWay(work, legs);
  const isOnTheWay = ({ asset }: CutInput): boolean => onTheWay.has(asset);
  const known = new Map<string, Descent>();
  let frontier = new Map(
    legs
      .flat()
      .filter(isOnTheWay)
      .map((input) => [input.commitId, input]),
  );
  while (frontier.size > 0) {
    const inputs = [...frontier.values()];
    const found = withTwins ? await listTwins(work, inputs) : await readCommits(work, inputs);
    for (const commit of found) known.set(commit.commitId, describe(commit, isOnTheWay));
    // What its store has let go comes from nothing that is known.
    for (const input of inputs) if (!known.has(input.commitId)) known.set(input.commitId, { ...input, madeFrom: [] });
    const next = found.flatMap(({ commitId }) => known.get(commitId)?.madeFrom ?? []);
    frontier = new Map(next.filter(({ commitId }) => !known.has(commitId)).map((input) => [input.commitId, input]));
  }
  return known;
}

/** Assets that at least two legs descend from, and those through which a leg descends from them. */
function findWay({ project: { graph } }: StepWork, legs: readonly (readonly CutInput[])[]): ReadonlySet<AssetKey> {
  const depth = Number.POSITIVE_INFINITY;
  const counts = new Map<AssetKey, number>();
  for (const inputs of legs) {
    const roots = [...new Set(inputs.map(({ asset }) => asset))];
    for (const asset of walkGraph(graph, roots, { direction: "up", depth }).keys()) {
      counts.set(asset, (counts.get(asset) ?? 0) + 1);
    }
  }
  const shared = [...counts].filter(([, count]) => count > 1).map(([asset]) => asset);
  return new Set(walkGraph(graph, shared, { direction: "down", depth }).keys());
}

async function readCommits(work: StepWork, inputs: readonly CutInput[]): Promise<readonly Commit[]> {
  const commits: Commit[] = [];
  for (const [store, of] of Map.groupBy(inputs, ({ asset }) => storeOf(work, asset))) {
    commits.push(...(await store.findCommits(of.map(({ commitId }) => commitId))));
  }
  return commits;
}

/** Versions of equal content: what reads one of them is not made again for another. */
async function listTwins(work: StepWork, inputs: readonly CutInput[]): Promise<readonly Commit[]> {
  const { environment } = work.step;
  const twins: Commit[] = [];
  for (const { asset, partition, dataDigest } of inputs) {
    const upTo = 2_147_483_647;
    const versions = await storeOf(work, asset).listVersions({ environment, asset, partition, upTo });
    twins.push(...versions.filter((commit) => commit.dataDigest === dataDigest));
  }
  return twins;
}

/** Its own earlier partitions are left out: a chain of them may be as long as the asset is old. */
function describe(commit: Commit, isOnTheWay: (input: CutInput) => boolean): Descent {
  const { asset, partition, version, commitId, dataDigest } = commit;
  const inputs = readCommitRecord(commit)?.inputs ?? [];
  const madeFrom = inputs.filter((input) => input.asset !== asset && isOnTheWay(input)).map(toCutInput);
  return { asset, partition, version, commitId, dataDigest, madeFrom };
}

function storeOf({ project, store, storeOf: find }: StepWork, asset: AssetKey): StepWork["store"] {
  const spec = project.specs.get(asset);
  return spec === undefined ? store : find(spec);
}
