export { listColumnNames } from "./list-column-names.ts";
export { readRowSchema, type RowSchemaReading } from "./read-row-schema.ts";
export type { Column, ColumnType, Row, RowSchema } from "./row-schema.ts";
