import { join } from "node:path";
import { buildGraph } from "@watersmeet/core/graph";
import type { Config } from "@watersmeet/runtime";

/** The graph as the sources have it. With problems, it holds what could be linked. Nothing of the project is executed. */
export async function deriveGraph(config: Config): Promise<ReturnType<typeof buildGraph>> {
  const { analyzeProject } = await import("@watersmeet/core/analyze");
  const { manifest, problems } = await analyzeProject({
    root: config.root,
    assets: config.assets,
    cacheDirectory: join(config.stateDirectory, "cache"),
  });
  const linked = buildGraph(manifest);
  return { graph: linked.graph, problems: [...problems, ...linked.problems] };
}
