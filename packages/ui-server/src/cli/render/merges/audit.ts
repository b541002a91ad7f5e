import type { AuditEntryDto } from "../../../read/merges/audit-dto.ts";
import { stripControls } from "../cells.ts";
import type { Style } from "../style.ts";
import { renderTable } from "../table.ts";
import { renderAt } from "./merge-words.ts";

/** What happened, newest first, one line each. */
export function renderAudit(entries: readonly AuditEntryDto[], style: Style): string {
  if (entries.length === 0) return "Nothing has happened yet";
  const hasPartitions = entries.some(({ partition }) => partition !== null && partition !== "");
  const columns = ["at", "what", ...(hasPartitions ? ["partition"] : []), "by", "told"].map((title) => ({ title }));
  const rows = entries.map((entry) => [
    renderAt(entry.at),
    style.bold(entry.kind),
    ...(hasPartitions ? [entry.partition ?? ""] : []),
    stripControls(entry.by ?? ""),
    stripControls(entry.text),
  ]);
  return renderTable(columns, rows, style);
}
