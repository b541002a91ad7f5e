import type { Plan } from "@watersmeet/core/plan";
import { z } from "zod";
import { buildPlanDto } from "../../read/plan-dto.ts";
import { bindCommand, type CommandDefinition } from "../command.ts";
import type { CommandDeps } from "../deps.ts";
import { requireSoundProject } from "../project/require-sound-project.ts";
import { renderPlan } from "../render/plan.ts";

export const definition: CommandDefinition = {
  name: "plan",
  summary: "Says what would run and why; runs nothing",
  description: "",
  arguments: [{ name: "select", description: "which assets, in the selection grammar", isRequired: true }],
  options: [
    { flags: "-p, --partitions <which>", description: "a range A..B, a key, latest, all, failed, stale or missing" },
    { flags: "-f, --force", description: "also what is up to date" },
    { flags: "--missing-only", description: "leave alone what has a version" },
  ],
  examples: ["watersmeet plan +dailyDelays", "watersmeet plan dailyDelays --partitions 2001-02-01..2001-02-28"],
  json: "Plan",
  exitCodes: { 3: "the project's sources have problems" },
};

const input = z.strictObject({
  select: z.string(),
  partitions: z.string().exactOptional(),
  force: z.boolean().exactOptional(),
  missingOnly: z.boolean().exactOptional(),
});

export async function run(request: z.output<typeof input>, deps: CommandDeps): Promise<Plan> {
  await using watersmeet = await deps.openProject();
  requireSoundProject(watersmeet.project(), deps);
  return await watersmeet.plan(request);
}

export const planCommand = bindCommand({ definition, input, run, render: renderPlan, toJson: buildPlanDto });
