import type { RunId, RunRecord, Watersmeet } from "@watersmeet/runtime";
import { z } from "zod";
import { getBackfill, getRun } from "../../read/list-runs.ts";
import { toRunDto, type RunDto } from "../../read/run-dto.ts";
import { bindCommand, type Command, type CommandDefinition } from "../command.ts";
import type { CommandDeps } from "../deps.ts";
import { renderRunState } from "../render/runs.ts";

const id = { name: "id", description: "the id, as the list prints it", isRequired: true };

export const cancelRunDefinition: CommandDefinition = {
  name: "runs cancel",
  summary: "Cancels a run: running steps are stopped, finished ones stay",
  description: "",
  arguments: [id],
  options: [],
  examples: ["watersmeet runs cancel 0196b2c4-…"],
  json: "{ run: Run }",
  exitCodes: {},
};

export const cancelBackfillDefinition: CommandDefinition = {
  ...cancelRunDefinition,
  name: "backfill cancel",
  summary: "Cancels a backfill: running steps are stopped, finished ones stay",
  examples: ["watersmeet backfill cancel 0196b2c4-…"],
};

export const pauseBackfillDefinition: CommandDefinition = {
  ...cancelRunDefinition,
  name: "backfill pause",
  summary: "Starts no further step of a backfill until it is resumed",
  examples: ["watersmeet backfill pause 0196b2c4-…"],
};

const input = z.strictObject({ id: z.string() });

interface Change {
  readonly definition: CommandDefinition;
  readonly find: (ledger: Watersmeet["ledger"], id: string) => Promise<RunRecord>;
  readonly apply: (watersmeet: Watersmeet, id: RunId, by: string) => Promise<RunRecord>;
}

export async function run(
  { id, change }: z.output<typeof input> & { readonly change: Change },
  deps: CommandDeps,
): Promise<RunDto> {
  await using watersmeet = await deps.openProject();
  const found = await change.find(watersmeet.ledger, id);
  return toRunDto(await change.apply(watersmeet, found.id, deps.requestedBy));
}

function bind(change: Change): Command {
  return bindCommand({
    definition: change.definition,
    input,
    run: (request, deps) => run({ ...request, change }, deps),
    render: renderRunState,
    toJson: (run) => ({ run }),
  });
}

export const cancelRunCommand = bind({
  definition: cancelRunDefinition,
  find: getRun,
  apply: (watersmeet, id, by) => watersmeet.cancelRun(id, by),
});
export const cancelBackfillCommand = bind({
  definition: cancelBackfillDefinition,
  find: getBackfill,
  apply: (watersmeet, id, by) => watersmeet.cancelRun(id, by),
});
export const pauseBackfillCommand = bind({
  definition: pauseBackfillDefinition,
  find: getBackfill,
  apply: (watersmeet, id, by) => watersmeet.pauseRun(id, by),
});
