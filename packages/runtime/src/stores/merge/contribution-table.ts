import type { Column, RowSchema } from "@watersmeet/core/schema";
import { fingerprint, stableJson } from "@watersmeet/core/values";
import { quoteIdentifier } from "../../exchange/quote.ts";
import { internalSchema } from "../catalog/names.ts";
import type { MergeDialect } from "./merge-dialect.ts";

/** Names the form of a merge's contributions: those of another schema stand in another table. */
export function schemaIdOf(schema: RowSchema): string {
  return fingerprint([stableJson(schema.columns.map(({ name, type }) => [name, type]))]).slice(0, 8);
}

export function contributionTableName(assetId: number, schema: RowSchema): string {
  return `${internalSchema}.${quoteIdentifier(contributionTableBareName(assetId, schemaIdOf(schema)))}`;
}

export function contributionTableBareName(assetId: number, schemaId: string): string {
  return `a${assetId}_contribution_${schemaId}`;
}

/** The cell of a column in a contribution table. */
export function cellOf(schema: RowSchema, column: Pick<Column, "name">): string {
  return `c${schema.columns.findIndex(({ name }) => name === column.name)}`;
}

/**
 * A NULL in a column with an underscore is the common case and takes no room: an upsert, undated, without sequence, ordinal or presence
 * bits of its own (it carries what its batch carries), and without a fault.
 */
export function renderContributionTable(dialect: MergeDialect, name: string, schema: RowSchema): readonly string[] {
  const cells = schema.columns.map(({ type }, index) => `c${index} ${dialect.renderCellType(type)}`);
  const columns = [
    "_batch integer not null",
    "_fault varchar",
    "_op smallint",
    "_at bigint",
    "_sequence bigint",
    "_ordinal bigint",
    `_present ${dialect.presenceType}`,
    ...cells,
  ];
  return [`create table if not exists ${name} (${columns.join(", ")})`, ...dialect.renderIndexes(name)];
}
