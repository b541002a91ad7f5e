export type { Column, ColumnType, Row, RowSchema } from "./row-schema.ts";
