import { z } from "zod";
import { bindCommand, type CommandDefinition } from "../command.ts";
import { refuseWhenInterrupted, type CommandDeps } from "../deps.ts";
import { onDeployInput, onDeployOption } from "../on-deploy-input.ts";
import { exitCodeOf, followedExitCodes, followRun, type FollowedRun } from "../progress/follow-run.ts";
import { requireSoundProject } from "../project/require-sound-project.ts";
import { renderFollowedRun } from "../render/run-summary.ts";

export const definition: CommandDefinition = {
  name: "run",
  summary: "Plans, runs what is out of date, shows progress and sums up",
  description:
    "What is up to date is skipped. The failure of a step stops only what depends on it. Ctrl-C cancels the run and keeps what is finished: " +
    "the same command goes on from there. When a worker of the project is running, it does the work; otherwise this command does.",
  arguments: [{ name: "select", description: "which assets, in the selection grammar", isRequired: true }],
  options: [
    { flags: "-p, --partitions <which>", description: "a range A..B, a key, latest, all, failed, stale or missing" },
    { flags: "-f, --force", description: "also what is up to date" },
    { flags: "--max-parallel <n>", description: "steps at the same time, at most" },
    onDeployOption,
  ],
  examples: [
    "watersmeet run '*'",
    "watersmeet run +dailyDelays --partitions latest",
    "watersmeet run airports --force",
  ],
  json: "{ run: Run, summary: RunSummary }",
  exitCodes: followedExitCodes,
};

const input = z.strictObject({
  select: z.string(),
  partitions: z.string().exactOptional(),
  force: z.boolean().exactOptional(),
  maxParallel: z.coerce.number().int().min(1).exactOptional(),
  onDeploy: onDeployInput.exactOptional(),
});

export async function run(request: z.output<typeof input>, deps: CommandDeps): Promise<FollowedRun> {
  await using watersmeet = await deps.openProject();
  requireSoundProject(watersmeet.project(), deps);
  refuseWhenInterrupted(deps);
  const { run } = await watersmeet.submitRun({ ...request, kind: "run", requestedBy: deps.requestedBy });
  return await followRun(watersmeet, run, deps);
}

export const runCommand = bindCommand({
  definition,
  input,
  run,
  handlesInterrupt: true,
  render: renderFollowedRun,
  toJson: (followed) => followed,
  exitCode: exitCodeOf,
});
