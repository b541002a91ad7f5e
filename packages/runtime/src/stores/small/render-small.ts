import { unreachable } from "@watersmeet/core/errors";
import { canonicalJson, type Column, type ColumnType, type Row, type RowSchema } from "@watersmeet/core/schema";
import { quoteIdentifier, quoteLiteral, renderColumnNames } from "../../exchange/quote.ts";
import type { MeasureDialect } from "../render-measure.ts";

/** Rows in memory as an item of FROM, without an alias. */
export function renderSmall(
  dialect: Pick<MeasureDialect, "renderType">,
  schema: RowSchema,
  rows: readonly Row[],
): string {
  const { columns } = schema;
  if (rows.length === 0) {
    const nulls = columns.map(({ name, type }) => `null::${dialect.renderType(type)} as ${quoteIdentifier(name)}`);
    return `(select ${nulls.join(", ")} where false)`;
  }
  const values = rows.map((row) => `(${columns.map((column) => renderCell(dialect, column, row)).join(", ")})`);
  return `(select * from (values ${values.join(", ")}) as small (${renderColumnNames(columns)}))`;
}

function renderCell(dialect: Pick<MeasureDialect, "renderType">, column: Column, row: Row): string {
  const text = textOfCell(column, row);
  return `${text === null ? "null" : quoteLiteral(text)}::${dialect.renderType(column.type)}`;
}

/** A cell as text that both engines cast to the column's type; `null` is NULL. */
export function textOfCell({ name, type }: Column, row: Row): string | null {
  const value = Object.hasOwn(row, name) ? row[name] : null;
  return value === null || value === undefined ? null : textOfValue(type, value);
}

function textOfValue(type: ColumnType, value: unknown): string {
  switch (type.kind) {
    case "double":
      // Zero has one form: -0 and 0 are equal, yet their bytes are not.
      return String(Number(value) + 0);
    case "json":
      return canonicalJson(value);
    case "text":
    case "integer":
    case "bigint":
    case "decimal":
    case "boolean":
    case "date":
    case "timestamp":
      return String(value);
    default:
      return unreachable(type);
  }
}
