import type { Json } from "@watersmeet/core/values";
import type { RowPreviewDto } from "../../read/preview-rows.ts";
import { countOf } from "./quantities.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";

const maxCellLength = 60;

export function renderRows({ columns, rows }: RowPreviewDto, style: Style): string {
  if (rows.length === 0) return "No rows";
  const isNumeric = (column: string): boolean =>
    rows.every((row) => row[column] === null || typeof row[column] === "number");
  const heads = columns.map((title) => ({ title, align: isNumeric(title) ? ("right" as const) : ("left" as const) }));
  const cells = rows.map((row) => columns.map((column) => renderCell(row[column], style)));
  return `${renderTable(heads, cells, style)}\n\n${countOf(rows.length, "row")}`;
}

function renderCell(value: Json | undefined, style: Style): string {
  if (value === null || value === undefined) return style.dim("null");
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const plain = stripControls(text);
  return plain.length > maxCellLength ? `${plain.slice(0, maxCellLength - 1)}…` : plain;
}

/** Data must not move the cursor or colour the terminal. */
function stripControls(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is removed
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "·");
}
