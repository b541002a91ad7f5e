export { canonicalJson } from "./canonical-json.ts";
export {
  canonicalColumns,
  canonicalRow,
  canonicalValue,
  digestRows,
  finishRowDigest,
  type RowSums,
} from "./canonical-row.ts";
export { fieldOf } from "./column-meta.ts";
export { buildCellParser } from "./cell-parser.ts";
export { decimal } from "./decimal.ts";
export { normalizeValue, type NormalValue } from "./normalize-value.ts";
export { parseDate, parseTimestamp, renderTimestamp } from "./instant.ts";
export { listColumnNames } from "./list-column-names.ts";
export { readRowSchema, type RowSchemaReading } from "./read-row-schema.ts";
export { buildRowParser, type ParsedRow, type RowIssue } from "./row-parser.ts";
export type { Column, ColumnType, Row, RowSchema } from "./row-schema.ts";
