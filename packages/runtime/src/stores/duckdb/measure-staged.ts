import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { WatersmeetError } from "@watersmeet/core/errors";
import type { Check, CheckMeasurement } from "@watersmeet/core/gate";
import { finishRowDigest, type Row } from "@watersmeet/core/schema";
import type { Json } from "@watersmeet/core/values";
import { compileRowReader } from "../../exchange/column-decoder.ts";
import { renderColumnNames } from "../../exchange/quote.ts";
import { renderMeasure, renderSample } from "../render-measure.ts";
import { numberOf, textOf } from "../sql-session.ts";
import type { ExchangeFile, Measurement, Staged } from "../store.ts";
import { duckdbDialect } from "./duckdb-dialect.ts";
import { copyToParquet } from "./duckdb-reading.ts";
import { createDuckdbSession } from "./duckdb-session.ts";
import type { StagingContext } from "./stage-rows.ts";

const sampleRows = 5;

/** One pass over the rows; another query only for each check that failed. */
export async function measureStaged(
  context: StagingContext,
  staged: Staged,
  checks: readonly Check[],
  signal?: AbortSignal,
): Promise<Measurement> {
  const source = sourceOf(context, staged);
  const { schema } = staged.target.asset;
  return await context.database.pool.use(async (connection) => {
    const session = createDuckdbSession(connection, signal);
    const [row] = await session.run(renderMeasure(duckdbDialect, schema, source, checks));
    if (row === undefined) throw new TypeError("An aggregate has one row");
    const rowCount = numberOf(row, "row_count");
    const measured: CheckMeasurement[] = [];
    for (const [index, check] of checks.entries()) {
      const failedRows = numberOf(row, `failed_${index}`);
      const sample =
        failedRows === 0
          ? []
          : await readSample(connection, renderSample(duckdbDialect, schema, source, check, sampleRows), staged);
      measured.push({ id: check.id, failedRows, sample });
    }
    return {
      rowCount,
      dataDigest: finishRowDigest({ rowCount, sums: [BigInt(textOf(row, "sum_0")), BigInt(textOf(row, "sum_1"))] }),
      sizeBytes: numberOf(row, "size_bytes"),
      checks: measured,
    };
  });
}

export async function exportStagedRows(
  context: StagingContext,
  staged: Staged,
  directory: string,
): Promise<ExchangeFile> {
  const path = join(directory, `staged-${staged.target.attempt}.parquet`);
  const { schema } = staged.target.asset;
  const source = sourceOf(context, staged);
  await context.database.pool.use((connection) =>
    copyToParquet(connection, `select ${renderColumnNames(schema.columns)} from ${source}`, path),
  );
  return { path, format: "parquet", schema, rowCount: staged.rowCount };
}

async function readSample(
  connection: DuckDBConnection,
  sql: string,
  staged: Staged,
): Promise<CheckMeasurement["sample"]> {
  const result = await connection.run(sql);
  const readRows = compileRowReader(staged.target.asset.schema);
  const chunks = await result.fetchAllChunks();
  return chunks.flatMap((chunk) => readRows(chunk)).map(toJsonRow);
}

/** Sample rows go into errors and records: big integers as text. */
export function toJsonRow(row: Row): Readonly<Record<string, Json>> {
  return JSON.parse(JSON.stringify(row, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)));
}

/** The relation of the attempt's rows, for a FROM clause, without an alias. */
function sourceOf(context: StagingContext, staged: Staged): string {
  const staging = context.area.find(staged.target.attempt);
  if (staging === undefined) {
    throw new WatersmeetError(
      "STORE_STAGING_GONE",
      `What attempt ${staged.target.attempt} staged is not in the store any more`,
      {
        hint: "It was discarded, or the store was opened anew since. Run the step again.",
      },
    );
  }
  const { table, stagingId } = staging.rows;
  return stagingId === null ? table : `(select * from ${table} where _sid = ${stagingId})`;
}
