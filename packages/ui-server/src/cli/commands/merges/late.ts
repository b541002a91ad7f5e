import type { Page } from "@watersmeet/runtime";
import { z } from "zod";
import type { BatchDto, BatchRowsDto } from "../../../read/merges/batch-dto.ts";
import { listLate, readBatch } from "../../../read/merges/read-merges.ts";
import { bindCommand, type CommandDefinition } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { nameBatches } from "../../orders/name-batches.ts";
import { answers, askDesk, openDesk, pathOf } from "../../orders/open-desk.ts";
import { renderBatchRows, renderBatchTable, renderMore } from "../../render/merges/batches.ts";
import { countOf } from "../../render/quantities.ts";
import type { Style } from "../../render/style.ts";

export const listDefinition: CommandDefinition = {
  name: "late list",
  summary: "Lists batches in the holding area: rows that came too late to count by themselves",
  description:
    "They wait until someone decides: late reconcile lets them count, late reject does not. Until then no row of theirs is in the table, and none is lost.",
  arguments: [{ name: "merge", description: "of this merge (default: of all)", isRequired: false }],
  options: [{ flags: "--limit <n>", description: "how many (default: 50)" }],
  examples: ["watersmeet late list", "watersmeet late list airports --json"],
  json: "{ items: Batch[] }",
  exitCodes: {},
};

const listInput = z.strictObject({
  merge: z.string().exactOptional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});

export function runList({ merge, limit }: z.output<typeof listInput>, deps: CommandDeps): Promise<Page<BatchDto>> {
  return askDesk(deps, {
    path: pathOf(["late"], { merge, limit }),
    loadSchema: answers.batches,
    ask: (watersmeet) => listLate(watersmeet, { merge: merge ?? null }, { limit }),
  });
}

export function renderLateList({ items, nextCursor }: Page<BatchDto>, style: Style): string {
  if (items.length === 0) return "Nothing waits in the holding area";
  return [
    renderBatchTable(items, style, ["standing"]),
    "",
    `${countOf(items.length, "batch", "batches")} held. To let them count: watersmeet late reconcile <merge> <batch> --reason …`,
    ...renderMore(nextCursor, style),
  ].join("\n");
}

export const listLateCommand = bindCommand({
  definition: listDefinition,
  input: listInput,
  run: runList,
  render: renderLateList,
  toJson: ({ items }) => ({ items }),
});

export const showDefinition: CommandDefinition = {
  name: "late show",
  summary: "Shows a batch and its rows as they were delivered",
  description:
    "Any batch can be shown, held or not. A batch is named by its id, or by as many first digits as are unique.",
  arguments: [{ name: "batch", description: "the batch's id, as lists print it", isRequired: true }],
  options: [{ flags: "--limit <n>", description: "how many rows, at most 1000 (default: 20)" }],
  examples: ["watersmeet late show 3f2a91c0d1e2", "watersmeet late show 3f2a91c0d1e2 --limit 100 --json"],
  json: "BatchRows",
  exitCodes: { 2: "no such batch" },
};

const showInput = z.strictObject({
  batch: z.string(),
  limit: z.coerce.number().int().min(1).max(1000).default(20),
});

export async function runShow({ batch, limit }: z.output<typeof showInput>, deps: CommandDeps): Promise<BatchRowsDto> {
  await using desk = await openDesk(deps);
  const [id = batch] = await nameBatches(desk, { merge: null, names: [batch] });
  return await desk.ask({
    path: pathOf(["batches", id, "rows"], { limit }),
    loadSchema: answers.batchRows,
    ask: (watersmeet) => readBatch(watersmeet, id, limit),
  });
}

export const showLateCommand = bindCommand({
  definition: showDefinition,
  input: showInput,
  run: runShow,
  render: renderBatchRows,
  toJson: (shown) => shown,
});
