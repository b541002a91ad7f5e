import { canonicalJson } from "../../schema/canonical-json.ts";
import { compareStrings } from "../../values/compare.ts";
import { fingerprint } from "../../values/fingerprint.ts";
import type { Cut, CutInput, CutLeg } from "./cut.ts";

/**
 * The id of a cut: SHA-256, in hex, over what is joined and by which rules (M23, L13). In it are asset, partition, code and policy version, form of the keys, epoch, and of each leg its
 * batches and the content that it read. Not in it is what tells of the joining and changes nothing of the table: which numbers the versions have in this store, how far the sources were, what was
 * left out, why the merge did not wait; and neither the order of legs and inputs.
 */
export function nameCut(cut: Cut): string {
  const { cutVersion, asset, partition, codeVersion, policyVersion, joinKeys, epoch } = cut;
  const legs = cut.legs.map(identifyLeg).toSorted((a, b) => compareStrings(a.branch, b.branch));
  return fingerprint([
    "cut-1",
    canonicalJson({ cutVersion, asset, partition, codeVersion, policyVersion, joinKeys, epoch, legs }),
  ]);
}

function identifyLeg({ branch, batchSet, inputs }: CutLeg) {
  return {
    branch,
    batchSet,
    inputs: inputs.toSorted(compareInputs).map(({ asset, partition, dataDigest }) => [asset, partition, dataDigest]),
  };
}

/** By asset, partition and version. */
export function compareInputs(a: CutInput, b: CutInput): number {
  return compareStrings(a.asset, b.asset) || compareStrings(a.partition, b.partition) || a.version - b.version;
}
