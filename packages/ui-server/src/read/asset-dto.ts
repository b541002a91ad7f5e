import type { AssetKind, ManifestAsset } from "@watersmeet/core/manifest";
import { compareStrings, type AssetKey, type MappingSpec, type PartitionsSpec } from "@watersmeet/core/values";
import type { AssetSpec, PartitionStatus } from "@watersmeet/runtime";
import { judgeHealth, type StatusCounts } from "./partition-ranges.ts";

export interface AssetInputDto {
  readonly asset: string;
  /** The parameter's name; of a merge, the branch's. */
  readonly name: string;
  readonly mapping: MappingSpec;
  readonly isOptional: boolean;
}

export interface ColumnDto {
  readonly name: string;
  readonly type: string;
  readonly isNullable: boolean;
}

/** What readers see of an asset now. `null` in its place: nothing was ever published. */
export interface HeadDto {
  readonly partitionCount: number;
  readonly rowCount: number;
  readonly lastCommittedAt: string;
}

/** An asset as lists show it. */
export interface AssetDto {
  readonly key: string;
  readonly kind: AssetKind;
  /** First paragraph of the doc comment. */
  readonly doc: string;
  readonly file: string;
  readonly line: number;
  readonly group: string | null;
  readonly tags: readonly string[];
  readonly resource: string | null;
  readonly partitions: PartitionsSpec | null;
  readonly inputs: readonly AssetInputDto[];
  readonly health: PartitionStatus;
  readonly counts: StatusCounts;
  readonly head: HeadDto | null;
}

/** An asset with everything that is known of it. */
export interface AssetDetailDto extends AssetDto {
  readonly downstream: readonly string[];
  readonly codeVersion: string;
  readonly schemaVersion: string;
  readonly store: string | null;
  readonly columns: readonly ColumnDto[];
  readonly gates: readonly { readonly id: string; readonly message: string }[];
  readonly policy: AssetSpec["policy"];
}

/** What the ledger adds to a definition. */
export interface AssetState {
  readonly counts: StatusCounts;
  readonly head: { readonly partitionCount: number; readonly rowCount: number; readonly lastCommittedAt: Date } | null;
}

export function buildAssetDto(asset: ManifestAsset, state: AssetState): AssetDto {
  const { key, kind, doc, file, location, group, tags, resource, partitions } = asset;
  return {
    key,
    kind,
    doc,
    file,
    line: location.line,
    group,
    tags,
    resource,
    partitions,
    inputs: asset.inputs.map(({ asset, name, mapping, isOptional }) => ({ asset, name, mapping, isOptional })),
    health: judgeHealth(state.counts),
    counts: state.counts,
    head: state.head === null ? null : { ...state.head, lastCommittedAt: state.head.lastCommittedAt.toISOString() },
  };
}

/** What stands around an asset: who reads it, and what only the loaded code tells (absent when it could not be loaded). */
export interface AssetSurroundings {
  readonly downstream: readonly AssetKey[];
  readonly spec: AssetSpec | undefined;
}

export function buildAssetDetailDto(
  asset: ManifestAsset,
  { downstream, spec }: AssetSurroundings,
  state: AssetState,
): AssetDetailDto {
  return {
    ...buildAssetDto(asset, state),
    downstream: [...new Set(downstream)].sort(compareStrings),
    codeVersion: asset.codeVersion,
    schemaVersion: asset.schemaVersion,
    store: spec?.store ?? null,
    columns: (spec?.schema.columns ?? []).map(({ name, type, isNullable }) => ({ name, type: type.kind, isNullable })),
    gates: (spec?.checks ?? []).map(({ id, message }) => ({ id, message })),
    policy: spec?.policy ?? null,
  };
}
