import { z } from "zod";
import { toAutomationDto, type AutomationDto } from "../../../read/automation-dto.ts";
import { bindCommand, type CommandDefinition } from "../../command.ts";
import { refuseWhenInterrupted, type CommandDeps } from "../../deps.ts";
import { renderAutomation } from "../../render/automation.ts";

const common = {
  arguments: [{ name: "name", description: "an asset with a condition, a schedule or a sensor", isRequired: true }],
  json: "{ automation: Automation }",
  exitCodes: { 2: "nothing of that name starts runs by itself" },
} as const;

export const pauseDefinition: CommandDefinition = {
  ...common,
  name: "automation pause",
  summary: "Evaluates a condition, schedule or sensor no more until it is resumed",
  description: "Runs that it has started go on.",
  options: [
    { flags: "--reason <text>", description: "why; shown wherever it is, and kept in the audit trail (required)" },
  ],
  examples: ["watersmeet automation pause nightly --reason 'month end'"],
};

export const resumeDefinition: CommandDefinition = {
  ...common,
  name: "automation resume",
  summary: "Goes on with what was paused",
  description:
    "From now on: ticks of the time in between are not made up for. What is missing or stale then is requested by conditions that ask for it.",
  options: [],
  examples: ["watersmeet automation resume nightly"],
};

const pauseInput = z.strictObject({
  name: z.string(),
  reason: z.string({ error: "is required: --reason 'why this is done'" }).trim().min(1, "is required: say why"),
});

const resumeInput = z.strictObject({ name: z.string() });

export async function runPause(
  { name, reason }: z.output<typeof pauseInput>,
  deps: CommandDeps,
): Promise<AutomationDto> {
  refuseWhenInterrupted(deps);
  await using watersmeet = await deps.openProject();
  return toAutomationDto(await watersmeet.automation.pause({ name, reason, by: deps.requestedBy }));
}

export async function runResume({ name }: z.output<typeof resumeInput>, deps: CommandDeps): Promise<AutomationDto> {
  refuseWhenInterrupted(deps);
  await using watersmeet = await deps.openProject();
  return toAutomationDto(await watersmeet.automation.resume({ name, by: deps.requestedBy }));
}

const parts = { render: renderAutomation, toJson: (automation: AutomationDto) => ({ automation }) } as const;

export const pauseAutomationCommand = bindCommand({
  definition: pauseDefinition,
  input: pauseInput,
  run: runPause,
  ...parts,
});
export const resumeAutomationCommand = bindCommand({
  definition: resumeDefinition,
  input: resumeInput,
  run: runResume,
  ...parts,
});
