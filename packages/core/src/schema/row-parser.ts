import { safeParse, type $ZodIssue } from "zod/v4/core";
import { WatersmeetError } from "../errors/watersmeet-error.ts";
import { cellOf } from "./cell.ts";
import { normalizeValue } from "./normalize-value.ts";
import type { Row, RowSchema } from "./row-schema.ts";
import { isZodSchema } from "./zod-schema.ts";

/** Why a row cannot be an asset's: ROW_INVALID when zod says no, STORE_VALUE_INVALID when zod says yes and no column can hold it. */
export interface RowIssue {
  readonly code: "ROW_INVALID" | "STORE_VALUE_INVALID";
  /** `null` when it is about the row as a whole. */
  readonly column: string | null;
  readonly message: string;
}

/** A row in the form that stores keep, or everything that is wrong with it. */
export type ParsedRow =
  | { readonly row: Row; readonly issues: readonly [] }
  | { readonly row: null; readonly issues: readonly RowIssue[] };

/**
 * Makes the function that every row passes where it enters from JavaScript: zod runs once, then values get their one form (see `ColumnType`):
 * timestamps in UTC without trailing zeros, decimals with their scale, 0 for -0, NULL as `nullAs` says. Columns come in the order of the schema.
 * What zod throws itself, as a refinement of the author's may, is thrown on.
 * @throws {SCHEMA_NOT_AN_OBJECT} when given something else than the zod object that `schema` was read from
 */
export function buildRowParser(zodObject: unknown, schema: RowSchema): (row: unknown) => ParsedRow {
  if (!isZodSchema(zodObject)) throw new WatersmeetError("SCHEMA_NOT_AN_OBJECT", "the schema is not a zod object");
  return (input) => {
    const result = safeParse(zodObject, input);
    return result.success
      ? normalizeRow(schema, result.data)
      : { row: null, issues: result.error.issues.map(describeIssue) };
  };
}

function normalizeRow(schema: RowSchema, parsed: object): ParsedRow {
  const row: Record<string, unknown> = {};
  const issues: RowIssue[] = [];
  for (const column of schema.columns) {
    const value = cellOf(parsed, column.name);
    if (value === null || value === undefined) {
      if (!column.isNullable) issues.push({ code: "STORE_VALUE_INVALID", column: column.name, message: "is missing" });
      if (column.nullAs === "null") row[column.name] = null;
      continue;
    }
    const normal = normalizeValue(column.type, value);
    if (normal.problem === null) row[column.name] = normal.value;
    else issues.push({ code: "STORE_VALUE_INVALID", column: column.name, message: normal.problem });
  }
  return issues.length === 0 ? { row, issues: [] } : { row: null, issues };
}

function describeIssue(issue: $ZodIssue): RowIssue {
  const [column, ...inside] = issue.path.map(String);
  const where = inside.length === 0 ? "" : `${inside.join(".")}: `;
  return { code: "ROW_INVALID", column: column ?? null, message: `${where}${issue.message}` };
}
