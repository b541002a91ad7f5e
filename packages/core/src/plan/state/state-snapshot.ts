import type { AssetKey } from "../../values/asset-key.ts";
import type { PartitionKey } from "../../values/partitions/partition-key.ts";

/** What the planner may know of the version that readers of an environment see of (asset, partition). */
export interface HeadState {
  readonly commitId: string;
  /** Digest of the rows, independent of their order: equal content, equal digest, on every engine. */
  readonly dataDigest: string;
  readonly codeVersion: string;
  readonly schemaVersion: string;
  /** By input position: fingerprint of the data digests of the partitions read (see `fingerprintInput`). */
  readonly inputs: Readonly<Record<string, string>>;
}

/** A consistent, read-only view of the ledger for one environment. */
export interface StateSnapshot {
  readonly environment: string;
  /** Sequence number of the last ledger event that the view includes. */
  readonly sequence: string;
  readonly heads: ReadonlyMap<AssetKey, ReadonlyMap<PartitionKey, HeadState>>;
  /** Partitions whose latest step failed or was blocked, for the partition words `failed` and `stale`. */
  readonly failed: ReadonlyMap<AssetKey, ReadonlySet<PartitionKey>>;
  /** Of merges: fingerprint of the orders given for a partition, see `fingerprintOrders`. Partitions without orders are not in it. @default none */
  readonly orders?: ReadonlyMap<AssetKey, ReadonlyMap<PartitionKey, string>>;
  /** Partitions that readers were taken back on, to stay as they are until they are run with force. @default none */
  readonly pinned?: ReadonlyMap<AssetKey, ReadonlySet<PartitionKey>>;
}
