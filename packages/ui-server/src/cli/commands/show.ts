import { z } from "zod";
import { previewRows, type RowPreviewDto } from "../../read/preview-rows.ts";
import { askServer } from "../ask-server.ts";
import { bindCommand, type CommandDefinition } from "../command.ts";
import type { CommandDeps } from "../deps.ts";
import { renderRows } from "../render/rows.ts";
import { findRunningServer, type ServerFile } from "../server-file.ts";

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

export async function run(
  { asset, partition, limit }: z.output<typeof input>,
  deps: CommandDeps,
): Promise<RowPreviewDto> {
  const request = { asset, partition: partition ?? null, limit };
  const server = await findRunningServer((await deps.loadConfig()).stateDirectory);
  if (server !== undefined) return askForRows(server, request);
  await using watersmeet = await deps.openProject();
  return await previewRows(watersmeet, request);
}

const PreviewSchema = z.object({
  asset: z.string(),
  partition: z.string().nullable(),
  columns: z.array(z.string()),
  rows: z.array(z.record(z.string(), z.json())),
});

function askForRows(
  server: ServerFile,
  { asset, partition, limit }: { readonly asset: string; readonly partition: string | null; readonly limit: number },
): Promise<RowPreviewDto> {
  const query = new URLSearchParams({ limit: String(limit), ...(partition !== null && { partition }) });
  return askServer(server, `/assets/${encodeURIComponent(asset)}/rows?${query}`, PreviewSchema);
}

export const showCommand = bindCommand({ definition, input, run, render: renderRows, toJson: (preview) => preview });
