import type { AssetKind } from "../manifest/manifest.ts";
import type { AssetKey } from "../values/asset-key.ts";
import type { MappingSpec, PartitionsSpec } from "../values/partitions/partitions-spec.ts";
import type { Graph } from "./graph.ts";

/** Towards what is read, towards who reads, or both. */
export type LineageDirection = "up" | "down" | "both";

/** An asset within reach. */
export interface LineageNode {
  readonly key: AssetKey;
  readonly kind: AssetKind;
  readonly doc: string;
  readonly file: string;
  readonly partitions: PartitionsSpec | null;
  /** Hops from the root: negative upstream, 0 the root, positive downstream. */
  readonly distance: number;
}

/** `to` reads `from`. */
export interface LineageEdge {
  readonly from: AssetKey;
  readonly to: AssetKey;
  readonly name: string;
  readonly mapping: MappingSpec;
  readonly isOptional: boolean;
}

/** Nodes in the graph's order; edges by downstream asset, then position. */
export interface Lineage {
  readonly root: AssetKey;
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly LineageEdge[];
}

/** Which way, and how far. */
export interface Walk {
  readonly direction: "up" | "down";
  /** Hops; infinity for all. */
  readonly depth: number;
}

/** What is at most `depth` hops away, and the edges that such a walk takes. */
export function findLineage(
  graph: Graph,
  root: AssetKey,
  options: { readonly direction: LineageDirection; readonly depth: number },
): Lineage {
  const directions = options.direction === "both" ? (["up", "down"] as const) : [options.direction];
  const distances = new Map<AssetKey, number>([[root, 0]]);
  const edges = new Map<string, LineageEdge>();
  for (const direction of directions) {
    const walked = walkGraph(graph, [root], { direction, depth: options.depth });
    for (const [key, hops] of walked) {
      if (hops > 0) distances.set(key, direction === "up" ? -hops : hops);
      if (hops >= options.depth) continue;
      for (const edge of (direction === "up" ? graph.upstream : graph.downstream).get(key) ?? []) {
        const { from, to, name, mapping, isOptional } = edge;
        edges.set(`${to} ${edge.position}`, { from, to, name, mapping, isOptional });
      }
    }
  }
  return { root, nodes: listNodes(graph, distances), edges: listEdges(graph, edges) };
}

/** Hops to everything within reach, the roots included with 0; in the order of discovery. */
export function walkGraph(
  graph: Graph,
  roots: readonly AssetKey[],
  { direction, depth }: Walk,
): ReadonlyMap<AssetKey, number> {
  const hops = new Map<AssetKey, number>(roots.map((root) => [root, 0]));
  const edges = direction === "up" ? graph.upstream : graph.downstream;
  // A map is walked in the order of insertion, entries added on the way included.
  for (const [key, distance] of hops) {
    if (distance >= depth) continue;
    for (const edge of edges.get(key) ?? []) {
      const next = direction === "up" ? edge.from : edge.to;
      if (!hops.has(next)) hops.set(next, distance + 1);
    }
  }
  return hops;
}

function listNodes(graph: Graph, distances: ReadonlyMap<AssetKey, number>): readonly LineageNode[] {
  return graph.order.flatMap((key) => {
    const asset = graph.assets.get(key);
    const distance = distances.get(key);
    if (asset === undefined || distance === undefined) return [];
    return [{ key, kind: asset.kind, doc: asset.doc, file: asset.file, partitions: asset.partitions, distance }];
  });
}

function listEdges(graph: Graph, edges: ReadonlyMap<string, LineageEdge>): readonly LineageEdge[] {
  return graph.order.flatMap((key) =>
    (graph.upstream.get(key) ?? []).flatMap((edge) => edges.get(`${edge.to} ${edge.position}`) ?? []),
  );
}
