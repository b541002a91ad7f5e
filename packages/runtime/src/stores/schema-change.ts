import { WatersmeetError } from "@watersmeet/core/errors";
import type { Column, ColumnType, RowSchema } from "@watersmeet/core/schema";
import type { StoredAsset } from "./port/staging.ts";
import { stampColumns } from "./stamped/stamped-table.ts";

/** Columns that the tables of partitioned assets have in addition to the assets' own. */
const hiddenColumns: readonly string[] = ["_vid", "_sid"];

/** What a changed schema asks of the tables of a partitioned asset, whose versions stand side by side in them. */
export interface SchemaChange {
  readonly added: readonly Column[];
  /** Columns of the tables after the change: those that the new schema leaves out stay, for the versions that have them. */
  readonly stored: RowSchema;
}

/**
 * Compares the columns of the tables with a schema. New columns that may be NULL are added: versions from before read as NULL there.
 * Columns that are left out stay in the tables. Another type, or a new column that may not be NULL while there are rows, is incompatible.
 * @throws {STORE_SCHEMA_INCOMPATIBLE} naming every such column
 */
export function planSchemaChange(
  asset: Pick<StoredAsset, "key" | "schema">,
  stored: RowSchema,
  options: CompareOptions,
): SchemaChange {
  const { conflicts, ...change } = compareSchemas(asset.schema, stored, options);
  if (conflicts.length === 0) return change;
  throw new WatersmeetError(
    "STORE_SCHEMA_INCOMPATIBLE",
    `The schema of "${asset.key}" does not fit its stored rows: ${conflicts.join("; ")}`,
    {
      hint: "Make new columns nullable or optional. For another type use a new column, or a new name for the asset.",
      details: { asset: asset.key, conflicts },
    },
  );
}

export interface CompareOptions {
  /** Rows that would lack a new column. */
  readonly hasRows: boolean;
  readonly renderType: (type: ColumnType) => string;
}

/** What a schema asks of a table's columns, and why it cannot have it. */
export function compareSchemas(
  schema: RowSchema,
  stored: RowSchema,
  options: CompareOptions,
): SchemaChange & { readonly conflicts: readonly string[] } {
  const byName = new Map(stored.columns.map((column) => [column.name.toLowerCase(), column]));
  const wanted = schema.columns;
  const added = wanted.filter((column) => !byName.has(column.name.toLowerCase()));
  const conflicts = wanted.flatMap((column) => {
    const before = byName.get(column.name.toLowerCase());
    if (before === undefined) return column.isNullable || !options.hasRows ? [] : [newAndRequired(column)];
    const [from, to] = [options.renderType(before.type), options.renderType(column.type)];
    return from === to ? [] : [`"${column.name}" is ${from} in the store and ${to} in the schema`];
  });
  return { added, stored: { columns: [...stored.columns, ...added] }, conflicts };
}

function newAndRequired(column: Column): string {
  return `"${column.name}" is new and may not be null, but there are rows without it`;
}

/** @throws {STORE_NAME_INVALID} for columns that would hide the store's own */
export function checkColumnNames({ key: asset, schema, isStamped }: StoredAsset): void {
  const hidden = isStamped === true ? stampColumns : hiddenColumns;
  const clash = schema.columns.find((column) => hidden.includes(column.name.toLowerCase()));
  if (clash === undefined) return;
  throw new WatersmeetError(
    "STORE_NAME_INVALID",
    `The column "${clash.name}" of "${asset}" has a name that the store uses itself`,
    {
      hint: `Rename the column; reserved are ${hidden.join(", ")}.`,
      details: { asset, column: clash.name },
    },
  );
}
