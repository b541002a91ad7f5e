import { z } from "zod";
import { findRunSummary, getBackfill, getRun } from "../../read/list-runs.ts";
import { toRunDto } from "../../read/run-dto.ts";
import { bindCommand, type Command, type CommandDefinition } from "../command.ts";
import type { CommandDeps } from "../deps.ts";
import type { FollowedRun } from "../progress/follow-run.ts";
import { renderRunDetail } from "../render/runs.ts";

export const runDefinition: CommandDefinition = {
  name: "runs show",
  summary: "Shows a run: what it did by asset, and its failures",
  description: "",
  arguments: [{ name: "id", description: "the run's id, as runs list prints it", isRequired: true }],
  options: [],
  examples: ["watersmeet runs show 0196b2c4-…"],
  json: "{ run: Run, summary: RunSummary }",
  exitCodes: {},
};

export const backfillDefinition: CommandDefinition = {
  ...runDefinition,
  name: "backfill show",
  summary: "Shows a backfill: what it did by asset, and its failures",
  arguments: [{ name: "id", description: "the backfill's id, as backfill list prints it", isRequired: true }],
  examples: ["watersmeet backfill show 0196b2c4-…"],
};

const input = z.strictObject({ id: z.string() });

export async function run({ id }: z.output<typeof input>, deps: CommandDeps, find = getRun): Promise<FollowedRun> {
  await using watersmeet = await deps.openProject();
  const run = await find(watersmeet.ledger, id);
  return { run: toRunDto(run), summary: await findRunSummary(watersmeet, run.id) };
}

function bind(definition: CommandDefinition, find: typeof getRun): Command {
  return bindCommand({
    definition,
    input,
    run: (request, deps) => run(request, deps, find),
    render: renderRunDetail,
    toJson: (shown) => shown,
  });
}

export const showRunCommand = bind(runDefinition, getRun);
export const showBackfillCommand = bind(backfillDefinition, getBackfill);
