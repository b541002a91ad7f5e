import { z } from "zod";
import { listAutomations, toAutomationDto, type AutomationDto } from "../../../read/automation-dto.ts";
import { bindCommand, type CommandDefinition } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { renderAutomation, renderAutomationList } from "../../render/automation.ts";

export const listDefinition: CommandDefinition = {
  name: "automation list",
  summary: "Lists what starts runs by itself: conditions of assets, schedules and sensors",
  description:
    "Each with what it says, when it is evaluated next, what it came to last, and who paused it. One of the processes `dev`, `serve` and `worker` evaluates.",
  arguments: [],
  options: [],
  examples: ["watersmeet automation list", "watersmeet automation list --json"],
  json: "{ items: Automation[] }",
  exitCodes: {},
};

export async function runList(_: unknown, deps: CommandDeps): Promise<readonly AutomationDto[]> {
  await using watersmeet = await deps.openProject();
  return await listAutomations(watersmeet);
}

export const listAutomationCommand = bindCommand({
  definition: listDefinition,
  input: z.strictObject({}),
  run: runList,
  render: renderAutomationList,
  toJson: (items) => ({ items }),
});

export const showDefinition: CommandDefinition = {
  name: "automation show",
  summary: "Shows one condition, schedule or sensor",
  description: "For why a condition requests its asset or does not, step by step: watersmeet why <asset>.",
  arguments: [{ name: "name", description: "an asset with a condition, a schedule or a sensor", isRequired: true }],
  options: [],
  examples: ["watersmeet automation show nightly", "watersmeet automation show airports"],
  json: "{ automation: Automation }",
  exitCodes: { 2: "nothing of that name starts runs by itself" },
};

const showInput = z.strictObject({ name: z.string() });

export async function runShow({ name }: z.output<typeof showInput>, deps: CommandDeps): Promise<AutomationDto> {
  await using watersmeet = await deps.openProject();
  return toAutomationDto(await watersmeet.automation.get(name));
}

export const showAutomationCommand = bindCommand({
  definition: showDefinition,
  input: showInput,
  run: runShow,
  render: renderAutomation,
  toJson: (automation) => ({ automation }),
});
