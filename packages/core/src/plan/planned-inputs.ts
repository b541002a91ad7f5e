import { listSelfEdges, type Graph } from "../graph/graph.ts";
import type { ManifestAsset } from "../manifest/manifest.ts";
import type { PlannedInput } from "./plan.ts";

/** What an asset reads, as a plan says it: in the order of its positions, `self` last. */
export function listPlannedInputs(graph: Graph, asset: ManifestAsset): readonly PlannedInput[] {
  const edges = [...(graph.upstream.get(asset.key) ?? []), ...listSelfEdges(asset)];
  return edges.map(({ position, name, from, mapping, isOptional }) => ({
    position,
    name,
    asset: from,
    mapping,
    isOptional,
    partitions: graph.assets.get(from)?.partitions ?? null,
  }));
}
