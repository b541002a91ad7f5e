import type { RowPreviewDto } from "../../read/preview-rows.ts";
import { renderCell } from "./cells.ts";
import { countOf } from "./quantities.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";

export function renderRows({ columns, rows }: RowPreviewDto, style: Style): string {
  if (rows.length === 0) return "No rows";
  const isNumeric = (column: string): boolean =>
    rows.every((row) => row[column] === null || typeof row[column] === "number");
  const heads = columns.map((title) => ({ title, align: isNumeric(title) ? ("right" as const) : ("left" as const) }));
  const cells = rows.map((row) => columns.map((column) => renderCell(row[column], style)));
  return `${renderTable(heads, cells, style)}\n\n${countOf(rows.length, "row")}`;
}
