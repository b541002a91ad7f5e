import { batchStandings } from "@watersmeet/core/merge";
import type { Page } from "@watersmeet/runtime";
import { z } from "zod";
import type { BatchDto } from "../../../read/merges/batch-dto.ts";
import { listBatches } from "../../../read/merges/read-merges.ts";
import { bindCommand, type CommandDefinition } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { answers, askDesk, pathOf } from "../../orders/open-desk.ts";
import { renderBatchTable, renderMore } from "../../render/merges/batches.ts";
import { countOf } from "../../render/quantities.ts";
import type { Style } from "../../render/style.ts";
import { parseTarget } from "../../server/target.ts";

export const definition: CommandDefinition = {
  name: "batches",
  summary: "Lists what the branches of a merge handed over, and how each batch stands",
  description: "Sealed batches never change; whether one counts is a matter of the cut. Newest first.",
  arguments: [{ name: "merge", description: "a merge's key, or merge@partition", isRequired: true }],
  options: [
    { flags: "--branch <name>", description: "of this branch" },
    {
      flags: "--standing <which>",
      description: `${batchStandings.slice(0, -1).join(", ")} or ${batchStandings.at(-1)}`,
    },
    { flags: "--version <n>", description: "as the cut of this version has them (default: the latest)" },
    { flags: "--limit <n>", description: "how many (default: 50)" },
  ],
  examples: ["watersmeet batches airports", "watersmeet batches airports --branch faa --standing live --json"],
  json: "{ items: Batch[] }",
  exitCodes: {},
};

const input = z.strictObject({
  merge: z.string(),
  branch: z.string().exactOptional(),
  standing: z.enum(batchStandings).exactOptional(),
  version: z.coerce.number().int().min(0).exactOptional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});

export function run({ merge: target, limit, ...filter }: z.output<typeof input>, deps: CommandDeps) {
  const { asset: merge, partition } = parseTarget(target);
  return askDesk(deps, {
    path: pathOf(["merges", merge, "batches"], { ...filter, partition, limit }),
    loadSchema: answers.batches,
    ask: (watersmeet) => listBatches(watersmeet, { merge, ...filter, partition: partition ?? undefined }, { limit }),
  });
}

export function renderBatchList({ items, nextCursor }: Page<BatchDto>, style: Style): string {
  if (items.length === 0) return "No batches";
  return [
    renderBatchTable(items, style),
    "",
    countOf(items.length, "batch", "batches"),
    ...renderMore(nextCursor, style),
  ].join("\n");
}

export const batchesCommand = bindCommand({
  definition,
  input,
  run,
  render: renderBatchList,
  toJson: ({ items }) => ({ items }),
});
