import { z } from "zod";
import { collectUnneeded, type CollectionDto } from "../../../read/merges/collect-unneeded.ts";
import { bindCommand, type CommandDefinition } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { answers, openDesk, pathOf } from "../../orders/open-desk.ts";
import { formatCount } from "../../render/quantities.ts";
import type { Style } from "../../render/style.ts";
import { renderTable } from "../../render/table.ts";

export const definition: CommandDefinition = {
  name: "gc",
  summary: "Removes what is older than a merge's retention and nobody needs",
  description:
    "One setting, the merge's retention, binds versions, contributions, tombstones and batches alike. A merge without one keeps everything. " +
    "What readers see, what a kept version was made from, and what a rollback within the retention needs is never removed.",
  arguments: [{ name: "merge", description: "of this merge (default: of all)", isRequired: false }],
  options: [{ flags: "--dry-run", description: "tell what would be removed, and remove nothing" }],
  examples: ["watersmeet gc --dry-run", "watersmeet gc airports"],
  json: "Collection",
  exitCodes: {},
};

const input = z.strictObject({ merge: z.string().exactOptional(), dryRun: z.boolean().default(false) });

export interface Collected {
  readonly collection: CollectionDto;
  readonly isDryRun: boolean;
}

export async function run({ merge, dryRun }: z.output<typeof input>, deps: CommandDeps): Promise<Collected> {
  await using desk = await openDesk(deps);
  const collection = await desk.give({
    path: pathOf(["merges", "collect"]),
    body: { dryRun, ...(merge !== undefined && { merge }) },
    loadSchema: answers.collection,
    ask: (watersmeet) => collectUnneeded(watersmeet, { merge: merge ?? null, dryRun }),
  });
  return { collection, isDryRun: dryRun };
}

export function renderCollected({ collection, isDryRun }: Collected, style: Style): string {
  if (collection.items.length === 0) return "No merge has a retention: everything is kept";
  const columns = [
    { title: "merge" },
    { title: "versions", align: "right" },
    { title: "rows", align: "right" },
    { title: "batches", align: "right" },
    { title: "contributions", align: "right" },
  ] as const;
  const rows = collection.items.map(({ asset, versions, rows, batches, contributions }) => [
    style.bold(asset),
    ...[versions, rows, batches, contributions].map(formatCount),
  ]);
  const told = isDryRun ? "Would be removed; nothing was: it was a dry run" : "Removed";
  return `${renderTable(columns, rows, style)}\n\n${told}`;
}

export const gcCommand = bindCommand({
  definition,
  input,
  run,
  render: renderCollected,
  toJson: ({ collection }) => collection,
});
