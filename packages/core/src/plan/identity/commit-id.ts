import type { AssetKey } from "../../values/asset-key.ts";
import { compareStrings } from "../../values/compare.ts";
import { fingerprint } from "../../values/fingerprint.ts";
import type { PartitionKey } from "../../values/partitions/partition-key.ts";
import type { HeadState } from "../state/state-snapshot.ts";

/** Everything that determines a version. */
export interface CommitIdentity {
  readonly asset: AssetKey;
  readonly partition: PartitionKey;
  readonly codeVersion: string;
  readonly schemaVersion: string;
  /** By position, `self` included: what `fingerprintInput` says of the partitions that were read. In any order. */
  readonly inputs: readonly (readonly [position: string, fingerprint: string])[];
  /** The run's id when the work was forced; `null` otherwise. */
  readonly salt: string | null;
}

/** SHA-256, in hex, over a canonical encoding: the same work has the same id on any host, in any attempt. */
export function computeCommitId({
  asset,
  partition,
  codeVersion,
  schemaVersion,
  inputs,
  salt,
}: CommitIdentity): string {
  const sorted = [...inputs].sort(([a], [b]) => compareStrings(a, b));
  return fingerprint([
    "watersmeet.commit/1",
    asset,
    partition,
    codeVersion,
    schemaVersion,
    String(sorted.length),
    ...sorted.flat(),
    ...(salt === null ? [] : [salt]),
  ]);
}

/**
 * Whether a step that is not forced has nothing to do, given the head that readers see: it would make the same from the same. Ids alone would not tell, since the id of a
 * forced version is salted.
 */
export function isSameWork(head: HeadState, work: Omit<CommitIdentity, "salt">): boolean {
  return (
    head.codeVersion === work.codeVersion &&
    head.schemaVersion === work.schemaVersion &&
    Object.keys(head.inputs).length === work.inputs.length &&
    work.inputs.every(([position, fingerprint]) => head.inputs[position] === fingerprint)
  );
}

/** One partition of an input as a step reads it. */
export interface ReadPartition {
  readonly partition: PartitionKey;
  readonly dataDigest: string;
}

/**
 * What an input contributes to a commit id: content alone, so that an upstream that ran again to the same rows changes nothing.
 * One partition: its digest. Several, or none: SHA-256 over partitions and digests, ordered by partition.
 */
export function fingerprintInput(read: readonly ReadPartition[]): string {
  const [first, second] = read;
  if (first !== undefined && second === undefined) return first.dataDigest;
  return fingerprint([
    "watersmeet.input/1",
    ...sortByPartition(read).flatMap((one) => [one.partition, one.dataDigest]),
  ]);
}

function sortByPartition(read: readonly ReadPartition[]): readonly ReadPartition[] {
  const isSorted = read.every((one, index) => index === 0 || (read[index - 1]?.partition ?? "") < one.partition);
  return isSorted ? read : [...read].sort((a, b) => compareStrings(a.partition, b.partition));
}
