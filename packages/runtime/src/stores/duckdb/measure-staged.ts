import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { WatersmeetError } from "@watersmeet/core/errors";
import type { Check } from "@watersmeet/core/gate";
import { renderColumnNames } from "../../exchange/quote.ts";
import { finishMeasurement, measureRelation } from "../measure-relation.ts";
import type { ExchangeFile } from "../port/staging.ts";
import { measureSmall } from "../small/measure-small.ts";
import { renderSmall } from "../small/render-small.ts";
import type { SqlSession } from "../sql-session.ts";
import { getBase, measureStamped, renderOpened, renderWhole } from "../stamped/measure-changes.ts";
import type { Measurement, Staged } from "../store.ts";
import { duckdbDialect } from "./duckdb-dialect.ts";
import { copyToParquet, fetchRows } from "./duckdb-reading.ts";
import { createDuckdbSession } from "./duckdb-session.ts";
import type { StagingContext } from "./stage-rows.ts";
import type { StagedAttempt } from "./staging-area.ts";

export interface MeasureOptions {
  readonly staged: Staged;
  readonly checks: readonly Check[];
  readonly signal: AbortSignal | undefined;
}

export async function measureStaged(
  context: StagingContext,
  { staged, checks, signal }: MeasureOptions,
): Promise<Measurement> {
  const { schema } = staged.target.asset;
  const measuringBy = (connection: DuckDBConnection) => {
    const readRows = (select: string) => fetchRows(connection, select, schema);
    return { dialect: duckdbDialect, schema, session: createDuckdbSession(connection, signal), readRows };
  };
  const { rows } = staged;
  if (rows !== undefined)
    return await measureSmall({ schema, rows }, checks, (measure) =>
      context.database.pool.use((connection) => measure(measuringBy(connection))),
    );
  const staging = getStaging(context, staged);
  return await context.database.pool.use(async (connection) => {
    const measuring = measuringBy(connection);
    const { session } = measuring;
    if (staging.stamped === null) {
      const { table, stagingId } = staging.rows;
      const source = stagingId === null ? table : `(select * from ${table} where _sid = ${stagingId})`;
      return finishMeasurement(await measureRelation({ ...measuring, source }, checks));
    }
    const reading = await readStamped(session, staging, staging.stamped);
    const { measurement, measured } = await measureStamped({ ...measuring, ...reading }, checks);
    staging.stamped = { ...staging.stamped, measured };
    return measurement;
  });
}

/** Writes staged rows, all or only those that the version before has not. */
export async function exportStagedRows(
  context: StagingContext,
  { staged, directory, rows }: { readonly staged: Staged; readonly directory: string; readonly rows: "all" | "opened" },
): Promise<ExchangeFile> {
  const path = join(directory, `staged-${staged.target.attempt}.parquet`);
  const { schema } = staged.target.asset;
  const rowCount = rows === "opened" ? (staged.difference?.openedRows ?? staged.rowCount) : staged.rowCount;
  await context.database.pool.use(async (connection) => {
    const source =
      staged.rows === undefined
        ? await renderSource(createDuckdbSession(connection), getStaging(context, staged), rows)
        : renderSmall(duckdbDialect, schema, staged.rows);
    await copyToParquet(connection, `select ${renderColumnNames(schema.columns)} from ${source} as staged`, path);
  });
  return { path, format: "parquet", schema, rowCount };
}

/** The relation of the attempt's rows, for a FROM clause, without an alias. */
async function renderSource(session: SqlSession, staging: StagedAttempt, rows: "all" | "opened"): Promise<string> {
  if (staging.stamped !== null) {
    const reading = await readStamped(session, staging, staging.stamped);
    return rows === "all" ? renderWhole(reading) : renderOpened(reading);
  }
  const { table, stagingId } = staging.rows;
  return stagingId === null ? table : `(select * from ${table} where _sid = ${stagingId})`;
}

async function readStamped(
  session: SqlSession,
  { assetId, rows, target }: StagedAttempt,
  staging: NonNullable<StagedAttempt["stamped"]>,
) {
  const { isPartitioned, schema } = target.asset;
  const asset = { assetId, isPartitioned };
  const base = await getBase(session, asset, staging);
  return { asset, dialect: duckdbDialect, schema, rows, staging, base };
}

function getStaging(context: StagingContext, staged: Staged): StagedAttempt {
  const staging = context.area.find(staged.target.attempt);
  if (staging !== undefined) return staging;
  throw new WatersmeetError(
    "STORE_STAGING_GONE",
    `What attempt ${staged.target.attempt} staged is not in the store any more`,
    { hint: "It was discarded, or the store was opened anew since. Run the step again." },
  );
}
