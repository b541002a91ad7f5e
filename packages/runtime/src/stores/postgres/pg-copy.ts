// The package has no types of its own, and other projects that compile this file must find ours.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./pg-copy-streams.d.ts" />
import { randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { RowSchema } from "@watersmeet/core/schema";
import type pg from "pg";
import { from, to } from "pg-copy-streams";
import { csvWriteOptions, renderPostgresCsvColumn } from "../../exchange/csv-form.ts";
import { openMemoryDuckdb } from "../../exchange/open-memory-duckdb.ts";
import { quoteLiteral, renderColumnNames } from "../../exchange/quote.ts";
import { renderFileScan } from "../../exchange/read-exchange-file.ts";
import type { ExchangeFile } from "../port/staging.ts";
import { toStoreError } from "./pg-error.ts";

/** Copies a file's rows into a table's columns of the same names. Answers their number. */
export async function copyFileIn(client: pg.ClientBase, table: string, file: ExchangeFile): Promise<number> {
  if (file.format === "parquet") return await withCsv(file, (csv) => copyFileIn(client, table, csv));
  const sql = `copy ${table} (${renderColumnNames(file.schema.columns)}) from stdin (format csv, null '\\N')`;
  const stream = client.query(from(sql));
  try {
    await pipeline(createReadStream(file.path, { highWaterMark: 1 << 18 }), stream);
  } catch (error) {
    throw toStoreError(error);
  }
  return stream.rowCount;
}

/** Writes a SELECT of the schema's columns to a CSV file: complete, or not there. */
export async function copyToCsv(
  client: pg.ClientBase,
  { select, schema, path }: { readonly select: string; readonly schema: RowSchema; readonly path: string },
): Promise<number> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const quoted = schema.columns.filter((column) => column.type.kind === "text" || column.type.kind === "json");
  const force = quoted.length === 0 ? "" : `, force_quote (${renderColumnNames(quoted)})`;
  const columns = schema.columns.map(renderPostgresCsvColumn).join(", ");
  const stream = client.query(
    to(`copy (select ${columns} from (${select}) as q) to stdout (format csv, null '\\N'${force})`),
  );
  try {
    await pipeline(stream, createWriteStream(temporary, { flush: true }));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw toStoreError(error);
  }
  return stream.rowCount;
}

async function withCsv<T>(file: ExchangeFile, work: (csv: ExchangeFile) => Promise<T>): Promise<T> {
  const path = `${file.path}.${randomBytes(6).toString("hex")}.csv`;
  try {
    using duckdb = await openMemoryDuckdb({ spillDirectory: `${path}.spill` });
    await duckdb.connection.run(`copy (${renderFileScan(file)}) to ${quoteLiteral(path)} (${csvWriteOptions})`);
    return await work({ ...file, path, format: "csv" });
  } finally {
    await rm(path, { force: true });
    await rm(`${path}.spill`, { recursive: true, force: true });
  }
}
