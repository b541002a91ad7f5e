import { z } from "zod";
import { labelPartition } from "../../read/label-partition.ts";
import { explainPartition, type WhyDto } from "../../read/preview-rows.ts";
import { bindCommand, type CommandDefinition } from "../command.ts";
import type { CommandDeps } from "../deps.ts";
import { colorStatus } from "../render/assets.ts";
import { renderExplanation } from "../render/automation.ts";
import type { Style } from "../render/style.ts";
import { parseTarget } from "../server/target.ts";

export const definition: CommandDefinition = {
  name: "why",
  summary: "Says why an asset, or one partition of it, is where it is",
  description: "Of an asset with a condition it also says, step by step, why the condition requests it or does not.",
  arguments: [{ name: "asset", description: "an asset's key, or asset@partition", isRequired: true }],
  options: [],
  examples: ["watersmeet why airports", "watersmeet why dailyDelays@2001-02-14"],
  json: "Why",
  exitCodes: {},
};

const input = z.strictObject({ asset: z.string() });

export async function run({ asset: target }: z.output<typeof input>, deps: CommandDeps): Promise<WhyDto> {
  await using watersmeet = await deps.openProject();
  const { asset, partition } = parseTarget(target);
  return await explainPartition(watersmeet, asset, partition);
}

export function renderWhy(answer: WhyDto, style: Style): string {
  return [
    `${style.bold(labelPartition(answer.asset, answer.partition))} is ${colorStatus(answer.status, style)}`,
    ...answer.reasons.map((reason) => `  ${reason}`),
    ...(answer.automation === null ? [] : renderExplanation(answer.automation, style)),
  ].join("\n");
}

export const whyCommand = bindCommand({ definition, input, run, render: renderWhy, toJson: (answer) => answer });
