import { quoteIdentifier } from "../../exchange/quote.ts";

/** Schema of everything that is not for readers; the tables in it are described in `docs/reference/store-tables.md`. */
export const internalSchema = "_watersmeet";

function internal(table: string): string {
  return `${internalSchema}.${quoteIdentifier(table)}`;
}

/** Physical tables are named by the asset's number: an asset's key may be longer than an engine's identifiers. All are quoted. */
export const tableNames = {
  live: (assetId: number): string => internal(`a${assetId}_live`),
  hist: (assetId: number): string => internal(`a${assetId}_hist`),
  version: (assetId: number, version: number): string => internal(`a${assetId}_v${version}`),
  /** Without the schema, for `alter table … rename to`. */
  versionBare: (assetId: number, version: number): string => quoteIdentifier(`a${assetId}_v${version}`),
  stamped: (assetId: number, table: number): string => internal(`a${assetId}_stamped${table}`),
  stampedBare: (assetId: number, table: number): string => quoteIdentifier(`a${assetId}_stamped${table}`),
  /** Staged rows of an asset without partitions: becomes a version's table by its new name. */
  staged: (attempt: string): string => internal(`stage_${attempt}`),
} as const;
