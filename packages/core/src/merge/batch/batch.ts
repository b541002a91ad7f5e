import type { AssetKey } from "../../values/asset-key.ts";
import { fingerprint } from "../../values/fingerprint.ts";
import type { PartitionKey } from "../../values/partition-key.ts";

/** What a batch is about: the same scope delivered again is the same batch or a newer generation of it. */
export interface BatchScope {
  readonly asset: AssetKey;
  /** Name of the branch. */
  readonly source: string;
  /** Of the merged table. */
  readonly partition: PartitionKey;
  /** What the branch read for it, e.g. the partitions of its inputs or a range of a cursor. */
  readonly extent: readonly string[];
}

/** A batch that a merge knows, live or not. */
export interface KnownBatch {
  readonly batchKey: string;
  /** 1 for the first; a later one replaces those before. */
  readonly generation: number;
  readonly digest: string;
  readonly standing: "live" | "superseded" | "revoked";
}

/** What a delivery says of itself. */
export interface IncomingBatch {
  readonly batchKey: string;
  readonly digest: string;
}

/** What a delivery means. */
export type Admission =
  /** The live generation again: nothing changes. */
  | { readonly kind: "duplicate"; readonly generation: number }
  | {
      readonly kind: "admitted";
      readonly generation: number;
      /** Another batch key has the same digest. */ readonly isSuspect: boolean;
    }
  /** Another content under the same key: the generation before leaves the set in the same commit. */
  | { readonly kind: "superseding"; readonly generation: number; readonly supersedes: number }
  | { readonly kind: "refused"; readonly live: number };

/** `supersede`: a new content of a known key is the next generation. `refuse`: it is an error, because the key promised that it never changes. */
export type Restatement = "supersede" | "refuse";

/** Decides what a delivered batch means to a merge. Pure: `existing` are all batches of the merge's partition, in any order. */
export function admitBatch(
  existing: readonly KnownBatch[],
  incoming: IncomingBatch,
  restatement: Restatement,
): Admission {
  const sameKey = existing.filter((batch) => batch.batchKey === incoming.batchKey);
  const live = sameKey.find((batch) => batch.standing === "live");
  const next = Math.max(0, ...sameKey.map((batch) => batch.generation)) + 1;
  if (live === undefined) {
    const isSuspect = existing.some((batch) => batch.standing === "live" && batch.digest === incoming.digest);
    return { kind: "admitted", generation: next, isSuspect };
  }
  if (live.digest === incoming.digest) return { kind: "duplicate", generation: live.generation };
  if (restatement === "refuse") return { kind: "refused", live: live.generation };
  return { kind: "superseding", generation: next, supersedes: live.generation };
}

/** SHA-256, in hex, over a scope. */
export function makeBatchKey(scope: BatchScope): string {
  return fingerprint([scope.asset, scope.source, scope.partition, ...scope.extent]);
}

/** SHA-256, in hex, that names one sealed batch. `schemaVersion` is the schema that its rows were written with. */
export function makeBatchId(batch: {
  readonly batchKey: string;
  readonly generation: number;
  readonly schemaVersion: string;
  readonly digest: string;
}): string {
  return fingerprint([batch.batchKey, String(batch.generation), batch.schemaVersion, batch.digest]);
}
