import type { Page } from "@watersmeet/runtime";
import { z } from "zod";
import { toTickDto, type TickDto } from "../../../read/automation-dto.ts";
import { bindCommand, type CommandDefinition } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { renderTicks } from "../../render/automation.ts";

export const definition: CommandDefinition = {
  name: "automation history",
  summary: "Lists what evaluations came to, newest first: runs, missed ticks, what was deduplicated, failures",
  description:
    "Evaluations that found nothing to do leave no entry. --explain adds, step by step, why a condition requested what it did.",
  arguments: [
    { name: "name", description: "of this condition, schedule or sensor (default: of all)", isRequired: false },
  ],
  options: [
    { flags: "--limit <n>", description: "how many (default: 20)" },
    { flags: "--explain", description: "with the evaluations, step by step" },
  ],
  examples: ["watersmeet automation history", "watersmeet automation history nightly --limit 5"],
  json: "{ items: Tick[] }",
  exitCodes: { 2: "nothing of that name starts runs by itself" },
};

const input = z.strictObject({
  name: z.string().exactOptional(),
  limit: z.coerce.number().int().min(1).max(500).default(20),
  explain: z.boolean().default(false),
});

interface History extends Page<TickDto> {
  readonly explains: boolean;
}

export async function run({ name, limit, explain }: z.output<typeof input>, deps: CommandDeps): Promise<History> {
  await using watersmeet = await deps.openProject();
  const { items, nextCursor } = await watersmeet.automation.history(name ?? null, { limit });
  return { items: items.map(toTickDto), nextCursor, explains: explain };
}

export const automationHistoryCommand = bindCommand({
  definition,
  input,
  run,
  render: renderTicks,
  toJson: ({ items }) => ({ items }),
});
