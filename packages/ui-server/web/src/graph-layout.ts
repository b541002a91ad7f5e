import { graphlib, layout } from "@dagrejs/dagre";
import type { AssetDto } from "../../src/read/asset-dto.ts";

export const nodeSize = { width: 300, height: 74 };

export interface PlacedNode {
  readonly key: string;
  readonly x: number;
  readonly y: number;
}

/** Layers from left to right, as the data flows. The same assets give the same picture. */
export function layoutGraph(assets: readonly AssetDto[]): readonly PlacedNode[] {
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: "LR", ranksep: 70, nodesep: 24, ranker: "longest-path" });
  graph.setDefaultEdgeLabel(() => ({}));
  const keys = new Set(assets.map(({ key }) => key));
  for (const { key } of assets) graph.setNode(key, { ...nodeSize });
  for (const { key, inputs } of assets) for (const { asset } of inputs) if (keys.has(asset)) graph.setEdge(asset, key);
  layout(graph);
  return assets.map(({ key }) => {
    const { x, y } = graph.node(key);
    return { key, x: x - nodeSize.width / 2, y: y - nodeSize.height / 2 };
  });
}
