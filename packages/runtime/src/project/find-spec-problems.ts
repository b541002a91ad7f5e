import type { Problem } from "@watersmeet/core/errors";
import type { Graph } from "@watersmeet/core/graph";
import type { AssetKey } from "@watersmeet/core/values";
import type { AssetSpec } from "./project.ts";

/** What the sources and the loaded objects do not agree on when taken together: a query runs in one store. */
export function findSpecProblems(graph: Graph, specs: ReadonlyMap<AssetKey, AssetSpec>): readonly Problem[] {
  return [...graph.assets.values()].flatMap((asset): readonly Problem[] => {
    const own = specs.get(asset.key);
    if (own === undefined || asset.kind === "asset" || asset.kind === "source") return [];
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
  });
}
