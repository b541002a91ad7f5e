export { buildGraph } from "./build-graph.ts";
export { listSelfEdges, type Graph, type GraphEdge } from "./graph.ts";
export {
  findLineage,
  walkGraph,
  type Lineage,
  type LineageDirection,
  type LineageEdge,
  type LineageNode,
} from "./lineage.ts";
export { getAssetKey, selectAssets } from "./select.ts";
