import type { RunState } from "@watersmeet/runtime";
import { z } from "zod";
import { listRuns } from "../../read/list-runs.ts";
import type { RunDto } from "../../read/run-dto.ts";
import { bindCommand, type Command, type CommandDefinition } from "../command.ts";
import type { CommandDeps } from "../deps.ts";
import { renderRunList } from "../render/runs.ts";

const options = [
  { flags: "--state <state>", description: "queued, running, paused, cancelling, succeeded, failed or cancelled" },
  { flags: "--limit <n>", description: "how many (default: 20)" },
];

export const runsDefinition: CommandDefinition = {
  name: "runs list",
  summary: "Lists runs, newest first",
  description: "",
  arguments: [],
  options,
  examples: ["watersmeet runs list", "watersmeet runs list --state failed --json"],
  json: "{ items: Run[] }",
  exitCodes: {},
};

export const backfillsDefinition: CommandDefinition = {
  ...runsDefinition,
  name: "backfill list",
  summary: "Lists backfills, newest first",
  examples: ["watersmeet backfill list", "watersmeet backfill list --state running"],
};

const states = [
  "queued",
  "running",
  "paused",
  "cancelling",
  "succeeded",
  "failed",
  "cancelled",
] as const satisfies readonly RunState[];

const input = z.strictObject({
  state: z.enum(states).exactOptional(),
  limit: z.coerce.number().int().min(1).max(500).default(20),
});

export async function run(
  { state, limit, kind }: z.output<typeof input> & { readonly kind?: RunDto["kind"] },
  deps: CommandDeps,
): Promise<readonly RunDto[]> {
  await using watersmeet = await deps.openProject();
  return (await listRuns(watersmeet.ledger, { kind, state }, { limit })).items;
}

function bind(definition: CommandDefinition, kind?: RunDto["kind"]): Command {
  return bindCommand({
    definition,
    input,
    run: (request, deps) => run({ ...request, ...(kind && { kind }) }, deps),
    render: renderRunList,
    toJson: (runs) => ({ items: runs }),
  });
}

export const listRunsCommand = bind(runsDefinition);
export const listBackfillsCommand = bind(backfillsDefinition, "backfill");
