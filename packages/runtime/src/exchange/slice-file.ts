import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { compareStrings } from "@watersmeet/core/values";
import type { ExchangeFile } from "../stores/port/staging.ts";
import { openMemoryDuckdb } from "./open-memory-duckdb.ts";
import { quoteIdentifier, quoteLiteral, renderColumnNames } from "./quote.ts";
import { renderFileScan } from "./read-exchange-file.ts";
import { requireAllRows } from "./require-all-rows.ts";
import { runCopy } from "./run-copy.ts";

interface SliceOptions {
  /** A column: rows with one value of it, and all that have none, are in one slice. */
  readonly by: string;
  readonly parts: number;
  /** Of these slices alone; made when it is not there. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

/** Rows that are held back until a row group of a slice is written: many slices are written at the same time. */
const bufferedRows = 16_384;

/**
 * Puts the rows of a file into Parquet files by the hash of a column, in one pass; within a slice they keep their order. Slices without rows are left out, so
 * there are at most `parts`, largest first.
 * @throws {STORE_ROWS_MISSING} when not every row is in a slice
 */
export async function sliceFile(file: ExchangeFile, options: SliceOptions): Promise<readonly ExchangeFile[]> {
  const { by, parts, directory, signal } = options;
  await mkdir(directory, { recursive: true });
  using duckdb = await openMemoryDuckdb({ spillDirectory: join(directory, "spill") });
  await duckdb.connection.run(`set partitioned_write_flush_threshold = ${bufferedRows}`);
  const slice = quoteIdentifier(findFreeName(file));
  const columns = renderColumnNames(file.schema.columns);
  const rows = `select ${columns}, (hash(${quoteIdentifier(by)}) % ${parts})::integer as ${slice} from (${renderFileScan(file)})`;
  const form = `format parquet, compression lz4, partition_by (${slice}), filename_pattern 'rows', return_stats`;
  const target = quoteLiteral(join(directory, "slices"));
  const written = await runCopy(duckdb.connection, `copy (${rows}) to ${target} (${form})`, signal);
  const slices = written.map(({ filename, count }): ExchangeFile => ({
    path: String(filename),
    format: "parquet",
    schema: file.schema,
    rowCount: Number(count),
  }));
  requireAllRows({
    rowCount: slices.reduce((sum, { rowCount }) => sum + rowCount, 0),
    expected: file.rowCount,
    of: file.path,
  });
  return slices.sort((a, b) => b.rowCount - a.rowCount || compareStrings(a.path, b.path));
}

/** A name for the slice's number that no column of the rows has. */
function findFreeName({ schema }: ExchangeFile): string {
  let name = "slice";
  // Names differ in SQL only when they differ in more than case.
  while (schema.columns.some((column) => column.name.toLowerCase() === name)) name = `${name}_`;
  return name;
}
