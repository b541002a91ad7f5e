import { canonicalColumns, type RowSchema } from "@watersmeet/core/schema";
import { fingerprint, stableJson } from "@watersmeet/core/values";
import { quoteIdentifier, renderColumnNames } from "../../exchange/quote.ts";
import type { Dialect } from "../dialect.ts";

/**
 * Rows with stamps: a row is in version `v` of its strand when `_from <= v < _to`. A strand is a line of versions of one partition, each kept as the difference
 * to the one before. Strands of a partitioned asset stand side by side, told apart by `_strand`; without partitions a strand has a table of its own.
 */
export interface StampedRows {
  /** Quoted and qualified. */
  readonly table: string;
  /** `null`: the table has one strand. */
  readonly strand: number | null;
}

/** `_to` of rows that the latest version has. */
export const openEnd = 2_147_483_647;

/** Columns of stamped tables that are not the asset's, and those of staged changes. */
export const stampColumns: readonly string[] = ["_strand", "_from", "_to", "_sid", "_sign", "_row"];

export function renderCreateStamped(
  dialect: Pick<Dialect, "renderType" | "updatedTableOptions">,
  { table, schema, isShared }: { readonly table: string; readonly schema: RowSchema; readonly isShared: boolean },
): string {
  const columns = schema.columns.map(({ name, type }) => `${quoteIdentifier(name)} ${dialect.renderType(type)}`);
  const strand = isShared ? "_strand integer not null, " : "";
  return `create table ${table} (${strand}_from integer not null, _to integer not null, ${columns.join(", ")})${dialect.updatedTableOptions}`;
}

/** The condition that a row of a strand is in one of its versions. `isTip`: the latest one, which is found by one comparison. */
export function renderInVersion(
  { strand }: Pick<StampedRows, "strand">,
  { version, isTip }: { readonly version: number; readonly isTip: boolean },
): string {
  const stamps = isTip ? `_to = ${openEnd}` : `_from <= ${version} and _to > ${version}`;
  return strand === null ? stamps : `_strand = ${strand} and ${stamps}`;
}

/** The condition that a row of a strand is not in one of its versions. */
export function renderNotInVersion({ strand }: Pick<StampedRows, "strand">, version: number): string {
  const stamps = `(_from > ${version} or _to <= ${version})`;
  return strand === null ? stamps : `_strand = ${strand} and ${stamps}`;
}

/** A SELECT of a version's rows, columns in schema order. True to the version even when the strand has grown since. */
export function renderStampedVersion(schema: RowSchema, rows: StampedRows, version: number): string {
  return `select ${renderColumnNames(schema.columns)} from ${rows.table} where ${renderInVersion(rows, { version, isTip: false })}`;
}

/** Names the bytes that a schema gives rows: sums of digests are comparable between versions with the same. */
export function columnsIdOf(schema: RowSchema): string {
  return fingerprint(["columns-1", stableJson(canonicalColumns(schema).map(({ name, type }) => [name, type]))]);
}
