import { join } from "node:path";
import { WatersmeetError } from "@watersmeet/core/errors";
import type { Check } from "@watersmeet/core/gate";
import { renderColumnNames } from "../../exchange/quote.ts";
import { measureRelation } from "../measure-relation.ts";
import type { ExchangeFile, Measurement, Staged } from "../store.ts";
import { duckdbDialect } from "./duckdb-dialect.ts";
import { copyToParquet, fetchRows } from "./duckdb-reading.ts";
import { createDuckdbSession } from "./duckdb-session.ts";
import type { StagingContext } from "./stage-rows.ts";

export interface MeasureOptions {
  readonly staged: Staged;
  readonly checks: readonly Check[];
  readonly signal: AbortSignal | undefined;
}

export async function measureStaged(
  context: StagingContext,
  { staged, checks, signal }: MeasureOptions,
): Promise<Measurement> {
  const source = sourceOf(context, staged);
  const { schema } = staged.target.asset;
  return await context.database.pool.use(async (connection) => {
    const session = createDuckdbSession(connection, signal);
    const readRows = (select: string) => fetchRows(connection, select, schema);
    return await measureRelation({ dialect: duckdbDialect, schema, source, session, readRows }, checks);
  });
}

export async function exportStagedRows(
  context: StagingContext,
  staged: Staged,
  directory: string,
): Promise<ExchangeFile> {
  const path = join(directory, `staged-${staged.target.attempt}.parquet`);
  const { schema } = staged.target.asset;
  const select = `select ${renderColumnNames(schema.columns)} from ${sourceOf(context, staged)}`;
  await context.database.pool.use((connection) => copyToParquet(connection, select, path));
  return { path, format: "parquet", schema, rowCount: staged.rowCount };
}

/** The relation of the attempt's rows, for a FROM clause, without an alias. */
function sourceOf(context: StagingContext, staged: Staged): string {
  const staging = context.area.find(staged.target.attempt);
  if (staging === undefined) {
    throw new WatersmeetError(
      "STORE_STAGING_GONE",
      `What attempt ${staged.target.attempt} staged is not in the store any more`,
      { hint: "It was discarded, or the store was opened anew since. Run the step again." },
    );
  }
  const { table, stagingId } = staging.rows;
  return stagingId === null ? table : `(select * from ${table} where _sid = ${stagingId})`;
}
