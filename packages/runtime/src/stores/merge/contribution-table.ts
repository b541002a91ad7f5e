import type { Column, RowSchema } from "@watersmeet/core/schema";
import { fingerprint, stableJson } from "@watersmeet/core/values";
import { quoteIdentifier } from "../../exchange/quote.ts";
import { internalSchema } from "../catalog/names.ts";
import type { TableColumn } from "./catalog/merge-tables.ts";
import type { MergeDialect } from "./merge-dialect.ts";

/**
 * Names the form of a merge's contributions: those of another schema stand in another table. What tells two epochs apart tells their tables apart, also where the cells would
 * look the same: a number in feet is read as one in metres by nobody but an upcaster.
 */
export function schemaIdOf(schema: RowSchema): string {
  const columns = schema.columns.map(({ name, type, isNullable, field = name, unit = null }) => [
    name,
    type,
    isNullable,
    field,
    unit,
  ]);
  return fingerprint([stableJson(columns)]).slice(0, 8);
}

export function contributionTableName(assetId: number, schema: RowSchema): string {
  return qualifyContributions(assetId, schemaIdOf(schema));
}

export function qualifyContributions(assetId: number, schemaId: string): string {
  return `${internalSchema}.${quoteIdentifier(contributionTableBareName(assetId, schemaId))}`;
}

export function contributionTableBareName(assetId: number, schemaId: string): string {
  return `a${assetId}_contribution_${schemaId}`;
}

/** The cell of a column in a contribution table. */
export function cellOf(schema: RowSchema, column: Pick<Column, "name">): string {
  return `c${schema.columns.findIndex(({ name }) => name === column.name)}`;
}

/** Columns of a contribution besides its cells. */
export const contributionColumns = [
  "_batch",
  "_fault",
  "_op",
  "_at",
  "_sequence",
  "_ordinal",
  "_copy",
  "_present",
] as const;

/** What came later. */
export const addedContributionColumns: readonly TableColumn[] = [["_copy", "integer"]];

/**
 * A NULL in a column with an underscore is the common case and takes no room: an upsert, undated, without sequence or ordinal, no copy of another one, without presence
 * bits of its own (it carries what its batch carries), and without a fault.
 */
export function renderContributionTable(dialect: MergeDialect, name: string, schema: RowSchema): readonly string[] {
  return [
    `create table if not exists ${name} (${renderContributionColumns(dialect, schema)})`,
    ...dialect.renderIndexes(name),
  ];
}

/** The columns of a table of contributions, with their types. */
export function renderContributionColumns(dialect: MergeDialect, schema: RowSchema): string {
  const cells = schema.columns.map(({ type }, index) => `c${index} ${dialect.renderCellType(type)}`);
  return [
    "_batch integer not null",
    "_fault varchar",
    "_op smallint",
    "_at bigint",
    "_sequence bigint",
    "_ordinal bigint",
    "_copy integer",
    `_present ${dialect.presenceType}`,
    ...cells,
  ].join(", ");
}
