import { z } from "zod";
import { previewRows, type RowPreviewDto } from "../../read/preview-rows.ts";
import { bindCommand, type CommandDefinition } from "../command.ts";
import type { CommandDeps } from "../deps.ts";
import { askDesk, pathOf } from "../orders/open-desk.ts";
import { renderRows } from "../render/rows.ts";

export const definition: CommandDefinition = {
  name: "show",
  summary: "Shows rows of an asset, as readers see them",
  description: "When a server of the project is running, which owns the store's file, that server is asked.",
  arguments: [{ name: "asset", description: "the asset's key", isRequired: true }],
  options: [
    { flags: "-p, --partition <key>", description: "rows of one partition" },
    { flags: "--limit <n>", description: "how many rows, at most 1000 (default: 20)" },
  ],
  examples: ["watersmeet show airports", "watersmeet show dailyDelays --partition 2001-02-14 --limit 5 --json"],
  json: "RowPreview",
  exitCodes: { 2: "no such asset or partition, or nothing is published yet" },
};

const input = z.strictObject({
  asset: z.string(),
  partition: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(20),
});

export function run({ asset, partition, limit }: z.output<typeof input>, deps: CommandDeps): Promise<RowPreviewDto> {
  return askDesk(deps, {
    path: pathOf(["assets", asset, "rows"], { limit, partition }),
    loadSchema: async () => PreviewSchema,
    ask: (watersmeet) => previewRows(watersmeet, { asset, partition: partition ?? null, limit }),
  });
}

const PreviewSchema = z.object({
  asset: z.string(),
  partition: z.string().nullable(),
  columns: z.array(z.string()),
  rows: z.array(z.record(z.string(), z.json())),
});

export const showCommand = bindCommand({ definition, input, run, render: renderRows, toJson: (preview) => preview });
