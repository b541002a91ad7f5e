import { fieldOf } from "../../schema/column-meta.ts";
import type { RowSchema } from "../../schema/row-schema.ts";
import type { EpochField } from "./epoch.ts";

/** The columns of a schema as fields of a form, in their order. `key` are the merge's key columns by their names in this form. */
export function listEpochFields(schema: RowSchema, key: readonly string[]): readonly EpochField[] {
  return schema.columns.map((column) => ({
    id: fieldOf(column),
    name: column.name,
    type: column.type,
    isNullable: column.isNullable,
    isKey: key.includes(column.name),
    unit: column.unit ?? null,
  }));
}
