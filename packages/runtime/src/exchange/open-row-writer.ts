import { open, rename, rm } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { DuckDBDataChunk, type DuckDBAppender } from "@duckdb/node-api";
import bindings from "@duckdb/node-bindings";
import { WatersmeetError } from "@watersmeet/core/errors";
import type { Row, RowSchema } from "@watersmeet/core/schema";
import type { ExchangeFile } from "../stores/port/staging.ts";
import { chunkRows, compileEncoder } from "./column-encoder.ts";
import { renderDuckdbColumns, vectorType } from "./column-types.ts";
import { csvWriteOptions } from "./csv-form.ts";
import { openMemoryDuckdb, type MemoryDuckdb } from "./open-memory-duckdb.ts";
import { quoteLiteral, renderColumnNames } from "./quote.ts";

/** Rows on their way into a sealed file. Memory is bounded whatever the number of rows. */
export interface RowWriter {
  /** @throws {STORE_VALUE_INVALID} naming row, column and value */
  write(rows: readonly Row[]): Promise<void>;
  /**
   * Writes all rows since the last such call to a sealed Parquet file of their own, which stays, and begins the file that is sealed at the end. Gives all of
   * these files, those that the writer began with included.
   */
  keep(path: string): Promise<readonly KeptPart[]>;
  /** Completes the file: written under a temporary name, flushed to the disk, renamed. The writer is closed. */
  seal(): Promise<ExchangeFile>;
  /** Leaves nothing behind. Harmless after `seal`. */
  abandon(): Promise<void>;
}

/** A sealed Parquet file with rows of a writer. */
export interface KeptPart {
  readonly path: string;
  readonly rowCount: number;
}

/** Rows and bytes after which what has been buffered goes to a part file. */
const partRows = 4 * 122_880;
const partBytes = 48 * 1024 * 1024;

/**
 * Opens a writer of rows into `path`: Parquet, or CSV when the name ends in `.csv`. Works in child processes: it has a small DuckDB of its own.
 *
 * @throws {STORE_VALUE_INVALID} when the schema has no columns
 */
export async function openRowWriter(options: {
  readonly path: string;
  readonly schema: RowSchema;
  /** Rows that come first, from `keep` of an earlier writer of the same schema. @default none */
  readonly kept?: readonly KeptPart[];
}): Promise<RowWriter> {
  if (options.schema.columns.length === 0) {
    throw new WatersmeetError("STORE_VALUE_INVALID", "A row without columns cannot be stored", {
      hint: "Give the schema at least one column.",
    });
  }
  const duckdb = await openMemoryDuckdb({ spillDirectory: `${options.path}.spill` });
  await duckdb.connection.run(`create table part (${renderDuckdbColumns(options.schema)})`);
  return new ParquetRowWriter(options, duckdb);
}

/** One appender feeds a table in memory; the table goes to part files as it grows; `seal` joins the parts. */
class ParquetRowWriter implements RowWriter {
  readonly #path: string;
  readonly #schema: RowSchema;
  readonly #duckdb: MemoryDuckdb;
  readonly #encoders;
  readonly #chunk: DuckDBDataChunk;
  #appender: DuckDBAppender | undefined;
  #pending: Row[] = [];
  #rowCount = 0;
  #partRowCount = 0;
  #partSizeBytes = 0;
  #parts: string[] = [];
  #kept: readonly KeptPart[];
  #isClosed = false;

  constructor(
    {
      path,
      schema,
      kept = [],
    }: { readonly path: string; readonly schema: RowSchema; readonly kept?: readonly KeptPart[] },
    duckdb: MemoryDuckdb,
  ) {
    this.#path = path;
    this.#schema = schema;
    this.#duckdb = duckdb;
    this.#kept = kept;
    this.#rowCount = countKept(kept);
    this.#encoders = schema.columns.map((column) => compileEncoder(column));
    this.#chunk = DuckDBDataChunk.create(schema.columns.map((column) => vectorType(column.type)));
  }

  async write(rows: readonly Row[]): Promise<void> {
    for (let from = 0; from < rows.length;) {
      const taken = Math.min(chunkRows - this.#pending.length, rows.length - from);
      for (let index = from; index < from + taken; index += 1) {
        const row = rows[index];
        if (row !== undefined) this.#pending.push(row);
      }
      from += taken;
      if (this.#pending.length === chunkRows) {
        await this.#append();
        // Let heartbeats and messages through.
        await setImmediate();
      }
    }
  }

  async keep(path: string): Promise<readonly KeptPart[]> {
    await this.#append();
    const rowCount = this.#rowCount - countKept(this.#kept);
    if (rowCount === 0) return this.#kept;
    const temporary = `${path}.tmp`;
    await this.#copyTo(temporary, this.#sourceOf(this.#parts), "parquet");
    await syncFile(temporary);
    await rename(temporary, path);
    await Promise.all(this.#parts.splice(0).map((part) => rm(part, { force: true })));
    await this.#beginPart();
    this.#kept = [...this.#kept, { path, rowCount }];
    return this.#kept;
  }

  async seal(): Promise<ExchangeFile> {
    try {
      await this.#append();
      const temporary = `${this.#path}.tmp`;
      await this.#copyTo(temporary, this.#sourceOf([...this.#kept.map((part) => part.path), ...this.#parts]));
      await syncFile(temporary);
      await rename(temporary, this.#path);
    } finally {
      await this.#close();
    }
    const format = isCsv(this.#path) ? "csv" : "parquet";
    return { path: this.#path, format, schema: this.#schema, rowCount: this.#rowCount };
  }

  async abandon(): Promise<void> {
    await this.#close();
    await rm(`${this.#path}.tmp`, { force: true });
  }

  async #append(): Promise<void> {
    const count = this.#pending.length;
    if (count === 0) return;
    this.#appender ??= await this.#duckdb.connection.createAppender("part");
    this.#chunk.reset();
    this.#chunk.rowCount = count;
    this.#encoders.forEach((encoder, position) => {
      this.#partSizeBytes += encoder.encode(
        this.#pending,
        bindings.data_chunk_get_vector(this.#chunk.chunk, position),
        this.#rowCount,
      );
    });
    this.#appender.appendDataChunk(this.#chunk);
    this.#rowCount += count;
    this.#partRowCount += count;
    this.#pending = [];
    if (this.#partRowCount >= partRows || this.#partSizeBytes >= partBytes) await this.#spillPart();
  }

  async #spillPart(): Promise<void> {
    const part = `${this.#path}.part${this.#parts.length}`;
    await this.#copyTo(part, "part", "parquet");
    this.#parts.push(part);
    await this.#beginPart();
  }

  async #beginPart(): Promise<void> {
    await this.#duckdb.connection.run(`create or replace table part (${renderDuckdbColumns(this.#schema)})`);
    this.#partRowCount = 0;
    this.#partSizeBytes = 0;
  }

  /** With no parts, the table in memory is all there is. */
  #sourceOf(parts: readonly string[]): string {
    if (parts.length === 0) return "part";
    const names = renderColumnNames(this.#schema.columns);
    const files = parts.map((part) => quoteLiteral(part)).join(", ");
    return `(select ${names} from read_parquet([${files}]) union all select ${names} from part)`;
  }

  async #copyTo(path: string, source: string, format = isCsv(this.#path) ? "csv" : "parquet"): Promise<void> {
    this.#appender?.closeSync();
    this.#appender = undefined;
    const selection = `select ${renderColumnNames(this.#schema.columns)} from ${source}`;
    const options =
      format === "csv" ? csvWriteOptions : `format parquet, compression lz4, row_group_size ${this.#rowGroupSize()}`;
    await this.#duckdb.connection.run(`copy (${selection}) to ${quoteLiteral(path)} (${options})`);
  }

  /** About 16 MB a row group, so that readers of wide rows stay small too. */
  #rowGroupSize(): number {
    const rowBytes = this.#partRowCount === 0 ? 128 : this.#partSizeBytes / this.#partRowCount;
    return Math.max(chunkRows, Math.min(122_880, Math.floor((16 * 1024 * 1024) / rowBytes / chunkRows) * chunkRows));
  }

  async #close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pending = [];
    this.#duckdb[Symbol.dispose]();
    await Promise.all(this.#parts.map((part) => rm(part, { force: true })));
    await rm(`${this.#path}.spill`, { recursive: true, force: true });
  }
}

function isCsv(path: string): boolean {
  return path.endsWith(".csv");
}

function countKept(parts: readonly KeptPart[]): number {
  return parts.reduce((sum, part) => sum + part.rowCount, 0);
}

/** Returns when the file's bytes are on the disk. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
