import type { Column, ColumnType, Row } from "@watersmeet/core/schema";
import { renderDate } from "../../../exchange/civil-time.ts";
import { renderInstant } from "../../catalog/read-catalog.ts";
import type { SqlRow } from "../../sql-session.ts";
import type { MergeDialect } from "../merge-dialect.ts";

/** A cell as text, in a form that `parseCell` reads and all engines write alike. */
export function renderCellText(dialect: MergeDialect, type: ColumnType, cell: string): string {
  const plain = `${cell}::varchar`;
  if (type.kind === "timestamp")
    return `case when isfinite(${cell}) then (${dialect.store.renderEpochMicros(cell)})::varchar else ${plain} end`;
  if (type.kind === "date")
    return `case when isfinite(${cell}) then (${cell} - date '1970-01-01')::varchar else ${plain} end`;
  return plain;
}

/** The JavaScript form of a cell. */
export function parseCell(type: ColumnType, text: string | null): unknown {
  if (text === null) return null;
  switch (type.kind) {
    case "text":
    case "decimal":
      return text;
    case "integer":
      return Number(text);
    case "bigint":
      return BigInt(text);
    case "double":
      return parseDouble(text);
    case "boolean":
      return text === "true" || text === "t";
    case "json":
      return JSON.parse(text);
    case "timestamp":
      return /^-?\d+$/.test(text) ? renderInstant(BigInt(text)) : text;
    case "date":
      return /^-?\d+$/.test(text) ? renderDate(Number(text)) : text;
  }
}

function parseDouble(text: string): number {
  const infinite = /^(-?)inf(inity)?$/i.exec(text);
  if (infinite === null) return Number(text);
  return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** Cells `c0`, `c1` … of a row, by the columns that stand there; `null`: nobody asks for it any more. */
export function readCells(
  columns: readonly (Column | null)[],
  row: SqlRow,
  isWanted: (column: Column, index: number) => boolean,
): Row {
  return Object.fromEntries(
    columns.flatMap((column, index) =>
      column !== null && isWanted(column, index)
        ? [[column.name, parseCell(column.type, row[`c${index}`] ?? null)] as const]
        : [],
    ),
  );
}
