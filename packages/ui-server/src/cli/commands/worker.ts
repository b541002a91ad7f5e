import { z } from "zod";
import { bindCommand, type CommandDefinition } from "../command.ts";
import { tell, type CommandDeps } from "../deps.ts";
import { requireSoundProject } from "../project/require-sound-project.ts";
import { endlessParts, waitForInterrupt } from "../terminal/wait-for-interrupt.ts";

export const definition: CommandDefinition = {
  name: "worker",
  summary: "Executes steps until it is stopped",
  description:
    "Any number of workers, on any number of hosts, may serve one ledger when the store is Postgres; a DuckDB file belongs to one process. " +
    "On SIGTERM or Ctrl-C it takes no further steps, hands back what it has, and ends with 0.",
  arguments: [],
  options: [{ flags: "--concurrency <n>", description: "steps at the same time in this worker" }],
  examples: ["watersmeet worker", "watersmeet worker --concurrency 8"],
  json: "{ stopped: true }, at its end",
  exitCodes: { 3: "the project's sources have problems" },
};

const input = z.strictObject({ concurrency: z.coerce.number().int().min(1).exactOptional() });

export async function run(options: z.output<typeof input>, deps: CommandDeps): Promise<void> {
  await using watersmeet = await deps.openProject({ ...options, startsWorker: true });
  requireSoundProject(watersmeet.project(), deps);
  await using _worker = await watersmeet.startWorker();
  await using _automation = await watersmeet.startAutomation();
  tell(
    deps,
    `Worker ${process.pid} of ${watersmeet.config.root}: ${watersmeet.config.worker.concurrency} steps at a time`,
  );
  await waitForInterrupt(deps.interrupted);
  tell(deps, "Stopping: running steps are handed back");
}

export const workerCommand = bindCommand({
  definition,
  input,
  run,
  ...endlessParts,
});
