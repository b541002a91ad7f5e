import type { Problem } from "@watersmeet/core/errors";
import type { Graph } from "@watersmeet/core/graph";
import type { ManifestAsset } from "@watersmeet/core/manifest";
import { checkMergePolicy } from "@watersmeet/core/merge";
import type { AssetKey } from "@watersmeet/core/values";
import type { AssetSpec } from "./project.ts";

/** What the sources and the loaded objects do not agree on when taken together: a merge's policy fits its schema, and a query runs in one store. */
export function findSpecProblems(graph: Graph, specs: ReadonlyMap<AssetKey, AssetSpec>): readonly Problem[] {
  return [...graph.assets.values()].flatMap((asset) => {
    const own = specs.get(asset.key);
    return own === undefined ? [] : [...findPolicyProblems(asset, own), ...findStoreProblems(asset, own, specs)];
  });
}

function findPolicyProblems(asset: ManifestAsset, { policy, schema }: AssetSpec): readonly Problem[] {
  if (policy === null) return [];
  return checkMergePolicy(asset.key, { policy, schema }).map((problem) => ({ ...problem, at: asset.location }));
}

function findStoreProblems(
  asset: ManifestAsset,
  own: AssetSpec,
  specs: ReadonlyMap<AssetKey, AssetSpec>,
): readonly Problem[] {
  if (asset.kind === "asset" || asset.kind === "source") return [];
  return asset.inputs.flatMap((input): readonly Problem[] => {
    const upstream = specs.get(input.asset);
    if (upstream === undefined || upstream.store === own.store) return [];
    return [
      {
        code: "STORES_DIFFER",
        message: `${asset.kind} "${asset.key}" is kept in the store "${own.store}" and reads "${input.asset}" from "${upstream.store}"`,
        hint: `SQL runs inside one store: keep both in one, or copy the rows over with an asset(${input.name}) in between.`,
        at: asset.location,
      },
    ];
  });
}
