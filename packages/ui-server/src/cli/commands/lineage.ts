import { findLineage, type Lineage } from "@watersmeet/core/graph";
import { z } from "zod";
import { requireAsset } from "../../read/require-asset.ts";
import { bindCommand, type CommandDefinition } from "../command.ts";
import { tell, type CommandDeps } from "../deps.ts";
import { deriveGraph } from "../project/derive-graph.ts";
import { renderLineage } from "../render/lineage.ts";
import { countOf } from "../render/quantities.ts";

export const definition: CommandDefinition = {
  name: "lineage",
  summary: "Shows what an asset is made from and what is made from it",
  description:
    "Derived from the types of the parameters: nothing runs, and no database is asked. Without --up and --down, everything in both " +
    "directions; with one of them, that direction to so many hops.",
  arguments: [{ name: "asset", description: "the asset's key", isRequired: true }],
  options: [
    { flags: "--up <hops>", description: "what it is made from, to so many hops" },
    { flags: "--down <hops>", description: "what is made from it, to so many hops" },
  ],
  examples: ["watersmeet lineage dailyDelays", "watersmeet lineage dailyDelays --up 1 --json"],
  json: "Lineage",
  exitCodes: {},
};

const hops = z.coerce.number().int().min(0).exactOptional();
const input = z.strictObject({ asset: z.string(), up: hops, down: hops });

export async function run({ asset, up, down }: z.output<typeof input>, deps: CommandDeps): Promise<Lineage> {
  const { graph, problems } = await deriveGraph(await deps.loadConfig());
  if (problems.length > 0)
    tell(deps, `The sources have ${countOf(problems.length, "problem")}, so this may be incomplete: watersmeet check`);
  const { key } = requireAsset(graph, asset);
  const isOpen = up === undefined && down === undefined;
  const upward = findLineage(graph, key, { direction: "up", depth: up ?? (isOpen ? Infinity : 0) });
  const downward = findLineage(graph, key, { direction: "down", depth: down ?? (isOpen ? Infinity : 0) });
  return {
    root: key,
    nodes: [...upward.nodes, ...downward.nodes.filter((node) => node.key !== key)],
    edges: [...upward.edges, ...downward.edges],
  };
}

export const lineageCommand = bindCommand({
  definition,
  input,
  run,
  render: renderLineage,
  toJson: (lineage) => lineage,
});
