import type { AssetKey } from "../../values/asset-key.ts";
import { fingerprint } from "../../values/fingerprint.ts";
import type { PartitionKey } from "../../values/partitions/partition-key.ts";
import type { BatchStanding } from "../cut/cut.ts";

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
  readonly standing: BatchStanding;
}

/** What a delivery says of itself. */
export interface IncomingBatch {
  readonly batchKey: string;
  readonly digest: string;
}

/** What a delivery means. */
export type Admission =
  /** The content that the key has now, again: nothing changes. `standing` is how it stands; what was taken back stays so (M37). */
  | { readonly kind: "duplicate"; readonly generation: number; readonly standing: BatchStanding }
  | {
      readonly kind: "admitted";
      readonly generation: number;
      /** Another batch key has the same digest. */ readonly isSuspect: boolean;
    }
  /** Another content under the same key: the generations before leave the set in the same commit. */
  | { readonly kind: "superseding"; readonly generation: number; readonly supersedes: number }
  /** The key promised that it never changes. */
  | { readonly kind: "refused"; readonly live: number };

/** `supersede`: a new content of a known key is the next generation. `refuse`: it is an error, because the key promised that it never changes. */
export type Restatement = "supersede" | "refuse";

/** What a new content of a known key means, by what the producer says of its versions. */
export function restatementOf(emits: "state" | "changes" | "snapshot"): Restatement {
  return emits === "state" ? "supersede" : "refuse";
}

/**
 * Decides what a delivered batch means to a merge (M19). Pure: `existing` are all batches that the cut knows of, in any order; of a delivery whose late rows
 * are batches of their own, all its parts or its main one.
 *
 * A content is compared with the key's latest generation and with the one that counts. When the latest was taken back, the same content again is the one that was
 * taken back, and not a new one: the run that carries out a revocation delivers it once more.
 */
export function admitBatch(
  existing: readonly KnownBatch[],
  incoming: IncomingBatch,
  restatement: Restatement,
): Admission {
  const sameKey = existing
    .filter((batch) => batch.batchKey === incoming.batchKey)
    .toSorted((a, b) => b.generation - a.generation);
  const [latest] = sameKey;
  const standing = sameKey.find((batch) => batch.standing !== "revoked" && batch.standing !== "superseded");
  const counting = sameKey.find((batch) => batch.standing === "live") ?? standing;
  const same = [counting, latest].find((batch) => batch?.digest === incoming.digest);
  if (same !== undefined) return { kind: "duplicate", generation: same.generation, standing: same.standing };
  if (latest !== undefined && restatement === "refuse") return { kind: "refused", live: latest.generation };
  const generation = (latest?.generation ?? 0) + 1;
  if (counting !== undefined) return { kind: "superseding", generation, supersedes: counting.generation };
  const isSuspect = existing.some((batch) => batch.standing === "live" && batch.digest === incoming.digest);
  return { kind: "admitted", generation, isSuspect };
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
