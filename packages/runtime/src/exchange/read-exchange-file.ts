import { setImmediate } from "node:timers/promises";
import type { Row, RowSchema } from "@watersmeet/core/schema";
import type { ExchangeFile } from "../stores/port/staging.ts";
import { compileRowReader } from "./column-decoder.ts";
import { renderDuckdbType } from "./column-types.ts";
import { renderCsvScan } from "./csv-form.ts";
import { openMemoryDuckdb } from "./open-memory-duckdb.ts";
import { quoteIdentifier, quoteLiteral } from "./quote.ts";
import { requireAllRows } from "./require-all-rows.ts";

/**
 * Streams the rows of a sealed file in chunks of up to 2,048, in their JavaScript form. Memory is bounded whatever the size.
 * @throws {STORE_ROWS_MISSING} when fewer rows came than the file holds
 */
export async function* readExchangeFile(
  file: ExchangeFile,
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<readonly Row[], void, void> {
  using duckdb = await openMemoryDuckdb({ spillDirectory: `${file.path}.spill` });
  const result = await duckdb.connection.stream(renderFileScan(file));
  const readRows = compileRowReader(file.schema);
  let rowCount = 0;
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    options.signal?.throwIfAborted();
    rowCount += chunk.rowCount;
    yield readRows(chunk);
    await setImmediate();
  }
  requireAllRows({ rowCount, expected: file.rowCount, of: file.path });
}

/** A SELECT in DuckDB of a file's rows, columns in the order and types of its schema. */
export function renderFileScan(file: ExchangeFile): string {
  return file.format === "csv" ? renderCsvScan(file.schema, file.path) : renderParquetScan(file.schema, file.path);
}

function renderParquetScan(schema: RowSchema, path: string): string {
  const columns = schema.columns.map(
    ({ name, type }) => `${quoteIdentifier(name)}::${renderDuckdbType(type)} as ${quoteIdentifier(name)}`,
  );
  return `select ${columns.join(", ")} from read_parquet(${quoteLiteral(path)})`;
}
