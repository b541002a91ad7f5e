import { rename } from "node:fs/promises";
import type { ExchangeFile } from "../stores/port/staging.ts";
import { csvWriteOptions } from "./csv-form.ts";
import { openMemoryDuckdb } from "./open-memory-duckdb.ts";
import { syncFile } from "./open-row-writer.ts";
import { quoteLiteral } from "./quote.ts";
import { renderFileScan } from "./read-exchange-file.ts";
import { requireAllRows } from "./require-all-rows.ts";
import { runCopy } from "./run-copy.ts";

/**
 * One sealed file at `path` with the rows of all of them, in their order. They have the schema and the format of the first.
 * @throws {STORE_ROWS_MISSING}
 */
export async function joinFiles(
  files: readonly ExchangeFile[],
  { path, signal }: { readonly path: string; readonly signal: AbortSignal },
): Promise<ExchangeFile> {
  const [first] = files;
  if (first === undefined) throw new TypeError("there is no file to be joined");
  const { format, schema } = first;
  const expected = files.reduce((sum, { rowCount }) => sum + rowCount, 0);
  using duckdb = await openMemoryDuckdb({ spillDirectory: `${path}.spill` });
  const temporary = `${path}.tmp`;
  const rows = files.map((file) => `(${renderFileScan(file)})`).join(" union all ");
  const form = format === "csv" ? csvWriteOptions : "format parquet, compression lz4";
  const [written] = await runCopy(duckdb.connection, `copy (${rows}) to ${quoteLiteral(temporary)} (${form})`, signal);
  requireAllRows({ rowCount: Number(written?.["Count"]), expected, of: path });
  await syncFile(temporary);
  await rename(temporary, path);
  return { path, format, schema, rowCount: expected };
}
