import { z } from "zod";
import type { AssetDto } from "../../read/asset-dto.ts";
import { listAssets } from "../../read/list-assets.ts";
import { bindCommand, type CommandDefinition } from "../command.ts";
import type { CommandDeps } from "../deps.ts";
import { renderAssetList } from "../render/assets.ts";

export const definition: CommandDefinition = {
  name: "assets",
  summary: "Lists assets: what they are, what they read, how they are",
  description: "",
  arguments: [{ name: "select", description: "which assets (default: all)", isRequired: false }],
  options: [],
  examples: ["watersmeet assets", "watersmeet assets 'kind:merge'", "watersmeet assets +dailyDelays --json"],
  json: "{ items: Asset[] }",
  exitCodes: {},
};

const input = z.strictObject({ select: z.string().default("*") });

export async function run({ select }: z.output<typeof input>, deps: CommandDeps): Promise<readonly AssetDto[]> {
  await using watersmeet = await deps.openProject();
  return await listAssets(watersmeet, select);
}

export const assetsCommand = bindCommand({
  definition,
  input,
  run,
  render: renderAssetList,
  toJson: (assets) => ({ items: assets }),
});
