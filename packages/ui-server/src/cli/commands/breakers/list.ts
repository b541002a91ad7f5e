import { z } from "zod";
import { toBreakerDto, type BreakerDto } from "../../../read/breaker-dto.ts";
import { bindCommand, type CommandDefinition } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { renderBreakerList } from "../../render/breakers.ts";

export const listBreakersDefinition: CommandDefinition = {
  name: "breaker list",
  summary: "Shows the circuit breakers of resources, and who waits for them",
  description:
    "A resource whose calls fail is left alone for a while, by all workers; its steps wait and lose no attempt. docs/concepts/retries-and-breakers.md explains when.",
  arguments: [],
  options: [],
  examples: ["watersmeet breaker list", "watersmeet breaker list --json"],
  json: "{ items: Breaker[] }",
  exitCodes: { 5: "a breaker is open" },
};

export async function run(_: object, deps: CommandDeps): Promise<readonly BreakerDto[]> {
  await using watersmeet = await deps.openProject();
  return (await watersmeet.breakers.list()).map(toBreakerDto);
}

export const listBreakersCommand = bindCommand({
  definition: listBreakersDefinition,
  input: z.strictObject({}),
  run,
  render: renderBreakerList,
  toJson: (breakers) => ({ items: breakers }),
  exitCode: (breakers) => (breakers.some(isOpen) ? 5 : 0),
});

function isOpen({ state }: BreakerDto): boolean {
  return state !== "closed" && state !== "disabled";
}
