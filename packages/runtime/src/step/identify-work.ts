import { listSelfEdges } from "@watersmeet/core/graph";
import type { ManifestAsset } from "@watersmeet/core/manifest";
import { fingerprintInput, isSameWork, ordersPosition, type CommitIdentity } from "@watersmeet/core/plan";
import type { Commit } from "../stores/store.ts";
import { readCommitRecord } from "./commit-record.ts";
import type { ClaimedStep, InputVersion } from "./step.ts";

/** What determines a version, whoever makes it and in which run. */
export type WorkIdentity = Omit<CommitIdentity, "salt">;

/** What a step would make its version from. Orders count as an input of a merge. */
export function identifyWork(step: ClaimedStep, asset: ManifestAsset): WorkIdentity {
  const { partition, codeVersion, schemaVersion, inputs, orders } = step;
  return {
    asset: step.asset,
    partition,
    codeVersion,
    schemaVersion,
    inputs: fingerprintReads(asset, inputs, orders?.fingerprint ?? null),
  };
}

/** Whether a version was made from the same, forced or not. */
export function isMadeFrom(commit: Commit, work: WorkIdentity, asset: ManifestAsset): boolean {
  const record = readCommitRecord(commit);
  if (record === null) return false;
  const { commitId, dataDigest } = commit;
  const { codeVersion, schemaVersion } = record;
  const inputs = Object.fromEntries(fingerprintReads(asset, record.inputs, record.orders ?? null));
  return isSameWork({ commitId, dataDigest, codeVersion, schemaVersion, inputs }, work);
}

function fingerprintReads(
  asset: ManifestAsset,
  inputs: readonly InputVersion[],
  orders: string | null,
): WorkIdentity["inputs"] {
  const reads = [...asset.inputs, ...listSelfEdges(asset)].map(({ position }) => {
    const read = inputs.filter((input) => input.position === position);
    return [position, fingerprintInput(read)] as const;
  });
  return orders === null ? reads : [...reads, [ordersPosition, orders]];
}
