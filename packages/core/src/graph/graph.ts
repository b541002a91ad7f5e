import type { ManifestAsset } from "../manifest/manifest.ts";
import type { AssetKey } from "../values/asset-key.ts";
import type { MappingSpec } from "../values/partitions/partitions-spec.ts";

/** `to` reads `from` through one of its inputs. */
export interface GraphEdge {
  readonly from: AssetKey;
  readonly to: AssetKey;
  /** Position of the input in the downstream asset. */
  readonly position: string;
  readonly name: string;
  readonly mapping: MappingSpec;
  readonly isOptional: boolean;
}

/** The manifest, linked: complete, without cycles, in topological order (ties by key). */
export interface Graph {
  readonly order: readonly AssetKey[];
  readonly assets: ReadonlyMap<AssetKey, ManifestAsset>;
  /** Edges into an asset, in the order of its positions. */
  readonly upstream: ReadonlyMap<AssetKey, readonly GraphEdge[]>;
  /** Edges out of an asset, by downstream key, then position. */
  readonly downstream: ReadonlyMap<AssetKey, readonly GraphEdge[]>;
}

/** What an asset reads of its own past, as edges from the asset to itself. They are no part of `upstream` and `downstream`. */
export function listSelfEdges(asset: ManifestAsset): readonly GraphEdge[] {
  return asset.injections
    .filter((injection) => injection.kind === "self")
    .map(({ position, mapping }) => ({
      from: asset.key,
      to: asset.key,
      position,
      name: "self",
      mapping: mapping ?? { kind: "offset", by: -1 },
      isOptional: false,
    }));
}
