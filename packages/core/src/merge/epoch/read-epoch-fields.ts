import type { Problem } from "../../errors/problem.ts";
import { fieldOf } from "../../schema/column-meta.ts";
import { readRowSchema } from "../../schema/read-row-schema.ts";
import type { RowSchema } from "../../schema/row-schema.ts";
import type { EpochField } from "./epoch.ts";

/** The fields of a form of a schema, or everything that keeps it from being one. */
export type EpochFieldsReading =
  | { readonly fields: readonly EpochField[]; readonly problems: readonly [] }
  | { readonly fields: null; readonly problems: readonly Problem[] };

/** Reads a zod object as a form of a merge's schema. `key` are the merge's key columns by their names in this form. */
export function readEpochFields(zodObject: unknown, key: readonly string[]): EpochFieldsReading {
  const reading = readRowSchema(zodObject);
  return reading.schema === null
    ? { fields: null, problems: reading.problems }
    : { fields: listEpochFields(reading.schema, key), problems: [] };
}

/** The columns of a schema as fields of an epoch, in their order. */
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
