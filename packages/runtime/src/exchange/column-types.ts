import { BIGINT, BOOLEAN, DATE, DECIMAL, DOUBLE, TIMESTAMP, VARCHAR, type DuckDBType } from "@duckdb/node-api";
import { unreachable } from "@watersmeet/core/errors";
import type { ColumnType, RowSchema } from "@watersmeet/core/schema";
import { quoteIdentifier } from "./quote.ts";

/** Name of a column type in DuckDB's SQL. */
export function renderDuckdbType(type: ColumnType): string {
  switch (type.kind) {
    case "text":
      return "varchar";
    case "integer":
    case "bigint":
      return "bigint";
    case "double":
      return "double";
    case "decimal":
      return `decimal(${type.precision},${type.scale})`;
    case "boolean":
      return "boolean";
    case "date":
      return "date";
    case "timestamp":
      return "timestamp";
    case "json":
      return "json";
    default:
      return unreachable(type);
  }
}

/** How the vectors of a data chunk are typed. JSON travels as text. */
export function vectorType(type: ColumnType): DuckDBType {
  switch (type.kind) {
    case "text":
    case "json":
      return VARCHAR;
    case "integer":
    case "bigint":
      return BIGINT;
    case "double":
      return DOUBLE;
    case "decimal":
      return DECIMAL(type.precision, type.scale);
    case "boolean":
      return BOOLEAN;
    case "date":
      return DATE;
    case "timestamp":
      return TIMESTAMP;
    default:
      return unreachable(type);
  }
}

/** The columns as DuckDB declares them: `"id" bigint, "name" varchar`. */
export function renderDuckdbColumns(schema: RowSchema): string {
  return schema.columns.map((column) => `${quoteIdentifier(column.name)} ${renderDuckdbType(column.type)}`).join(", ");
}
