import { join } from "node:path";
import { buildGraph, type Graph } from "@watersmeet/core/graph";
import type { Config } from "@watersmeet/runtime";

/** The graph as the sources have it, with whatever could be linked. Nothing of the project is executed. */
export async function deriveGraph(config: Config): Promise<{ readonly graph: Graph }> {
  const { analyzeProject } = await import("@watersmeet/core/analyze");
  const { manifest } = await analyzeProject({
    root: config.root,
    assets: config.assets,
    cacheDirectory: join(config.stateDirectory, "cache"),
  });
  return { graph: buildGraph(manifest).graph };
}
