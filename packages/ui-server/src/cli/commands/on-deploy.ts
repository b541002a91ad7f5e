import { z } from "zod";
import { getRun } from "../../read/list-runs.ts";
import { toRunDto, type RunDto } from "../../read/run-dto.ts";
import { bindCommand, type CommandDefinition } from "../command.ts";
import type { CommandDeps } from "../deps.ts";
import { onDeployInput } from "../on-deploy-input.ts";
import { renderRunState } from "../render/runs.ts";

export const definition: CommandDefinition = {
  name: "runs on-deploy",
  summary: "Says what becomes of a live run when other code is deployed",
  description:
    "Of steps that have not begun, also for code that was deployed since the run was submitted. pin: they wait for a worker with the code that they were " +
    "planned with. upgrade: they go on with the new code. abort: the run is cancelled.",
  arguments: [
    { name: "id", description: "the id, as the list prints it", isRequired: true },
    { name: "policy", description: "pin, upgrade or abort", isRequired: true },
  ],
  options: [],
  examples: ["watersmeet runs on-deploy 12 upgrade"],
  json: "{ run: Run }",
  exitCodes: {},
};

const input = z.strictObject({ id: z.string(), policy: onDeployInput });

export async function run({ id, policy }: z.output<typeof input>, deps: CommandDeps): Promise<RunDto> {
  await using watersmeet = await deps.openProject();
  const found = await getRun(watersmeet.ledger, id);
  return toRunDto(await watersmeet.changeOnDeploy(found.id, policy, deps.requestedBy));
}

export const onDeployCommand = bindCommand({
  definition,
  input,
  run,
  render: renderRunState,
  toJson: (changed) => ({ run: changed }),
});
