import type { RunId, RunRecord, Watersmeet } from "@watersmeet/runtime";
import { z } from "zod";
import { getBackfill, getRun } from "../../read/list-runs.ts";
import { bindCommand, type Command, type CommandDefinition } from "../command.ts";
import type { CommandDeps } from "../deps.ts";
import { exitCodeOf, followedExitCodes, followRun, type FollowedRun } from "../progress/follow-run.ts";
import { requireSoundProject } from "../project/require-sound-project.ts";
import { renderFollowedRun } from "../render/run-summary.ts";

export const retryRunDefinition: CommandDefinition = {
  name: "runs retry",
  summary: "Runs the failed steps of a run again, and what waited for them",
  description:
    "Failed, blocked and skipped steps go back to the queue; everything else of the run stays. Then it is followed like run.",
  arguments: [{ name: "id", description: "the id, as the list prints it", isRequired: true }],
  options: [],
  examples: ["watersmeet runs retry 0196b2c4-…"],
  json: "{ run: Run, summary: RunSummary }",
  exitCodes: followedExitCodes,
};

export const retryBackfillDefinition: CommandDefinition = {
  ...retryRunDefinition,
  name: "backfill retry-failed",
  summary: "Runs the failed steps of a finished backfill again, and what waited for them",
  examples: ["watersmeet backfill retry-failed 0196b2c4-…"],
};

export const resumeBackfillDefinition: CommandDefinition = {
  ...retryRunDefinition,
  name: "backfill resume",
  summary: "Goes on with a paused backfill",
  description: "Also follows a backfill that is running already, and does its work when no worker is there.",
  examples: ["watersmeet backfill resume 0196b2c4-…"],
};

const input = z.strictObject({ id: z.string() });

interface Continuation {
  readonly definition: CommandDefinition;
  readonly find: (ledger: Watersmeet["ledger"], id: string) => Promise<RunRecord>;
  readonly apply: (watersmeet: Watersmeet, id: RunId, by: string) => Promise<RunRecord>;
}

export async function run(
  { id, continuation }: z.output<typeof input> & { readonly continuation: Continuation },
  deps: CommandDeps,
): Promise<FollowedRun> {
  await using watersmeet = await deps.openProject();
  requireSoundProject(watersmeet.project(), deps);
  const found = await continuation.find(watersmeet.ledger, id);
  return await followRun(watersmeet, await continuation.apply(watersmeet, found.id, deps.requestedBy), deps);
}

function bind(continuation: Continuation): Command {
  return bindCommand({
    definition: continuation.definition,
    input,
    run: (request, deps) => run({ ...request, continuation }, deps),
    render: renderFollowedRun,
    toJson: (followed) => followed,
    exitCode: exitCodeOf,
    handlesInterrupt: true,
  });
}

export const retryRunCommand = bind({
  definition: retryRunDefinition,
  find: getRun,
  apply: (watersmeet, id, by) => watersmeet.retryRun(id, by),
});
export const retryBackfillCommand = bind({
  definition: retryBackfillDefinition,
  find: getBackfill,
  apply: (watersmeet, id, by) => watersmeet.retryRun(id, by),
});
export const resumeBackfillCommand = bind({
  definition: resumeBackfillDefinition,
  find: getBackfill,
  apply: (watersmeet, id, by) => watersmeet.resumeRun(id, by),
});
