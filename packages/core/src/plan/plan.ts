import type { AssetKey } from "../values/asset-key.ts";
import type { OrdinalRange } from "../values/ordinal-ranges.ts";
import type { PartitionKey } from "../values/partitions/partition-key.ts";
import type { MappingSpec, PartitionsSpec } from "../values/partitions/partitions-spec.ts";

export type { OrdinalRange } from "../values/ordinal-ranges.ts";

export interface PlanRequest {
  /** Selection grammar, e.g. `+orders`, `tag:daily kind:merge`, `*`. */
  readonly select: string;
  /** `2001-01-01..2001-01-31`, a key, `latest`, `all`, `failed`, `stale`, `missing`; default: all. */
  readonly partitions?: string;
  /** Run even what is up to date. */
  readonly force?: boolean;
  /** Run again, of what is up to date, the assets that read no other one and are not cut by time: only they may find something new. */
  readonly refresh?: boolean;
  /** Leave partitions alone that already have a version, whatever has changed since. */
  readonly missingOnly?: boolean;
}

/** Why a step runs. */
export type RunReason =
  | { readonly kind: "missing" }
  | { readonly kind: "codeChanged" }
  | { readonly kind: "schemaChanged" }
  /** Of a merge: batches were revoked, admitted or rejected since. */
  | { readonly kind: "ordersChanged" }
  | { readonly kind: "inputChanged"; readonly inputs: readonly AssetKey[] }
  /** An input is made in this plan; whether this step has work is known when it is ready. */
  | { readonly kind: "inputPlanned"; readonly inputs: readonly AssetKey[] }
  | { readonly kind: "forced" };

/** Why a selected partition does not run. */
export type SkipReason =
  | { readonly kind: "upToDate" }
  | { readonly kind: "notMissing" }
  /** Readers were taken back to this version: it stays until it is run with force. */
  | { readonly kind: "pinned" }
  /** An upstream partition that it reads does not exist and is not planned. */
  | { readonly kind: "inputMissing"; readonly inputs: readonly AssetKey[] };

/** Steps of one asset with the same reason. */
export interface PlannedGroup {
  readonly reason: RunReason;
  readonly partitions: readonly OrdinalRange[];
}

export interface SkippedGroup {
  readonly reason: SkipReason;
  readonly partitions: readonly OrdinalRange[];
}

/** One input of a planned asset, with all that is needed to tell which partitions a step reads, whatever becomes of the project meanwhile. */
export interface PlannedInput {
  readonly position: string;
  readonly name: string;
  /** The asset itself for `self`. */
  readonly asset: AssetKey;
  readonly mapping: MappingSpec;
  readonly isOptional: boolean;
  /** How the input is partitioned. */
  readonly partitions: PartitionsSpec | null;
}

/** The part of a plan that belongs to one asset. */
export interface PlannedAsset {
  readonly asset: AssetKey;
  readonly partitions: PartitionsSpec | null;
  /** In the order of the asset's positions, `self` last. */
  readonly inputs: readonly PlannedInput[];
  /** Names the (asset, partition) numbering that the ranges use; the size of the partition space at planning time. */
  readonly partitionCount: number;
  readonly codeVersion: string;
  readonly schemaVersion: string;
  readonly run: readonly PlannedGroup[];
  readonly skip: readonly SkippedGroup[];
}

/**
 * What will be done, as data: built once, read by apply, explain and draw, changed by nobody.
 * Assets are in topological order; groups in the order of their first partition; the bytes are a function of the request, the graph, the snapshot and the time.
 */
export interface Plan {
  readonly planVersion: 1;
  readonly environment: string;
  readonly request: PlanRequest;
  /** Ledger sequence that the plan was made from. */
  readonly sequence: string;
  /** ISO-8601 UTC; open-ended time partitions end here. */
  readonly plannedAt: string;
  readonly assets: readonly PlannedAsset[];
  /** Versions read from outside the plan: commit id by asset and partition. A step reads exactly these, or what this plan's own steps commit. */
  readonly pins: Readonly<Record<AssetKey, Readonly<Record<PartitionKey, string>>>>;
  readonly stepCount: number;
}
