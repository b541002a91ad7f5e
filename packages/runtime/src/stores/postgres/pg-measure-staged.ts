import { join } from "node:path";
import type { Check } from "@watersmeet/core/gate";
import type pg from "pg";
import { renderColumnNames } from "../../exchange/quote.ts";
import type { Dialect } from "../dialect.ts";
import { finishMeasurement, measureRelation } from "../measure-relation.ts";
import type { ExchangeFile } from "../port/staging.ts";
import { measureSmall } from "../small/measure-small.ts";
import { renderSmall } from "../small/render-small.ts";
import type { SqlSession } from "../sql-session.ts";
import { getBase, measureStamped, renderOpened, renderWhole } from "../stamped/measure-changes.ts";
import type { Measurement, Staged } from "../store.ts";
import { copyToCsv } from "./pg-copy.ts";
import { listRows } from "./pg-rows.ts";
import type { PgStagingContext } from "./pg-stage-rows.ts";
import { getStaging, updateStamped, type RegisteredStaging } from "./pg-staging.ts";

export interface MeasureOptions {
  readonly staged: Staged;
  readonly checks: readonly Check[];
  readonly signal: AbortSignal | undefined;
}

export async function measureStaged(
  context: PgStagingContext,
  { staged, checks, signal }: MeasureOptions,
): Promise<Measurement> {
  const { dialect } = context;
  const { schema } = staged.target.asset;
  const readBy = (client: pg.ClientBase) => (select: string) => listRows(client, select, schema);
  const { rows } = staged;
  if (rows !== undefined)
    return await measureSmall({ schema, rows }, checks, (measure) =>
      context.database.cancellable(signal, (session, client) =>
        measure({ dialect, schema, session, readRows: readBy(client) }),
      ),
    );
  return await context.database.cancellable(signal, async (session, client) => {
    const staging = await getStaging(session, staged.target);
    const measuring = { dialect, schema, session, readRows: readBy(client) };
    if (staging.stamped === null)
      return finishMeasurement(await measureRelation({ ...measuring, source: sourceOf(staging) }, checks));
    const asset = { assetId: staging.assetId, isPartitioned: staged.target.asset.isPartitioned };
    const base = await getBase(session, asset, staging.stamped);
    const reading = { asset, rows: staging.rows, staging: staging.stamped, base };
    const { measurement, measured } = await measureStamped({ ...measuring, ...reading }, checks);
    await updateStamped(session, staging, { ...staging.stamped, measured });
    return measurement;
  });
}

/** Writes staged rows, all or only those that the version before has not. */
export async function exportStagedRows(
  { database, dialect }: PgStagingContext,
  { staged, directory, rows }: { readonly staged: Staged; readonly directory: string; readonly rows: "all" | "opened" },
): Promise<ExchangeFile> {
  const path = join(directory, `staged-${staged.target.attempt}.csv`);
  const { schema } = staged.target.asset;
  return await database.cancellable(undefined, async (session, client) => {
    const source = await renderSource(session, dialect, { staged, rows });
    const select = `select ${renderColumnNames(schema.columns)} from ${source} as s`;
    const rowCount = await copyToCsv(client, { select, schema, path });
    return { path, format: "csv", schema, rowCount };
  });
}

/** The relation of what is asked for, for a FROM clause, without an alias. */
async function renderSource(
  session: SqlSession,
  dialect: Dialect,
  { staged, rows }: { readonly staged: Staged; readonly rows: "all" | "opened" },
): Promise<string> {
  const { asset } = staged.target;
  const { schema } = asset;
  if (staged.rows !== undefined) return renderSmall(dialect, schema, staged.rows);
  const staging = await getStaging(session, staged.target);
  if (staging.stamped === null) return sourceOf(staging);
  const base = await getBase(session, { ...staging, ...asset }, staging.stamped);
  const reading = { dialect, schema, rows: staging.rows, staging: staging.stamped, base };
  return rows === "all" ? renderWhole(reading) : renderOpened(reading);
}

/** The relation of the attempt's rows in a table, likewise. */
function sourceOf(staging: RegisteredStaging): string {
  const { table, stagingId } = staging.rows;
  return stagingId === null ? table : `(select * from ${table} where _sid = ${stagingId})`;
}
