import type { Page } from "@watersmeet/runtime";
import { z } from "zod";
import type { AuditEntryDto } from "../../../read/merges/audit-dto.ts";
import { listAudit } from "../../../read/merges/read-audit.ts";
import { bindCommand, type CommandDefinition } from "../../command.ts";
import type { CommandDeps } from "../../deps.ts";
import { answers, askDesk, pathOf } from "../../orders/open-desk.ts";
import { renderAudit } from "../../render/merges/audit.ts";
import { renderMore } from "../../render/merges/batches.ts";
import type { Style } from "../../render/style.ts";

export const definition: CommandDefinition = {
  name: "audit",
  summary: "Tells what happened to an asset, newest first, in the order of commit",
  description:
    "Versions and moves of the head; of a merge also batches, forms of the schema, and what people decided, with their reasons. Nothing of it is ever changed or removed.",
  arguments: [{ name: "asset", description: "the asset's key", isRequired: true }],
  options: [{ flags: "--limit <n>", description: "how many (default: 50)" }],
  examples: ["watersmeet audit airports", "watersmeet audit airports --limit 500 --json"],
  json: "{ items: AuditEntry[] }",
  exitCodes: {},
};

const input = z.strictObject({ asset: z.string(), limit: z.coerce.number().int().min(1).max(500).default(50) });

export function run({ asset, limit }: z.output<typeof input>, deps: CommandDeps): Promise<Page<AuditEntryDto>> {
  return askDesk(deps, {
    path: pathOf(["assets", asset, "audit"], { limit }),
    loadSchema: answers.audit,
    ask: (watersmeet) => listAudit(watersmeet, asset, { limit }),
  });
}

export function renderAuditPage({ items, nextCursor }: Page<AuditEntryDto>, style: Style): string {
  return [renderAudit(items, style), ...renderMore(nextCursor, style)].join("\n");
}

export const auditCommand = bindCommand({
  definition,
  input,
  run,
  render: renderAuditPage,
  toJson: ({ items }) => ({ items }),
});
