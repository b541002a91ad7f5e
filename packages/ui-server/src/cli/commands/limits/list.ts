import { z } from "zod";
import { toLimitDto, toLimitMoveDto, type LimitDto, type LimitMoveDto } from "../../../read/limit-dto.ts";
import { bindCommand, type CommandDefinition } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { renderLimitList, renderLimitMoves } from "../../render/limits.ts";

export const limitsDefinition: CommandDefinition = {
  name: "limits",
  summary: "Shows what all workers together may ask of outside systems, and what they ask",
  description:
    "A limit is configured under resources, and may adapt to how well the system answers; `limits set` puts another in its place for a while.",
  arguments: [],
  options: [],
  examples: ["watersmeet limits", "watersmeet limits --json"],
  json: "{ items: Limit[] }",
  exitCodes: {},
};

export async function run(_: object, deps: CommandDeps): Promise<readonly LimitDto[]> {
  await using watersmeet = await deps.openProject();
  return (await watersmeet.limits.list()).map(toLimitDto);
}

export const limitsCommand = bindCommand({
  definition: limitsDefinition,
  input: z.strictObject({}),
  run,
  render: renderLimitList,
  toJson: (limits) => ({ items: limits }),
});

export const limitMovesDefinition: CommandDefinition = {
  name: "limits history",
  summary: "Shows how a limit that adapts moved, newest first, and why",
  description: "",
  arguments: [{ name: "resource", description: "its name in the configuration", isRequired: true }],
  options: [{ flags: "--limit <n>", description: "how many (default: 20)" }],
  examples: ["watersmeet limits history erp"],
  json: "LimitMoves",
  exitCodes: {},
};

const movesInput = z.strictObject({ resource: z.string(), limit: z.coerce.number().int().min(1).max(500).default(20) });

export async function runMoves(
  { resource, limit }: z.output<typeof movesInput>,
  deps: CommandDeps,
): Promise<readonly LimitMoveDto[]> {
  await using watersmeet = await deps.openProject();
  const { name } = await watersmeet.limits.get(resource);
  return (await watersmeet.limits.moves(name, limit)).map(toLimitMoveDto);
}

export const limitMovesCommand = bindCommand({
  definition: limitMovesDefinition,
  input: movesInput,
  run: runMoves,
  render: renderLimitMoves,
  toJson: (moves) => ({ items: moves }),
});
