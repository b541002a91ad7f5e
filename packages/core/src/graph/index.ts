export type { GraphEdge, Graph } from "./graph.ts";
