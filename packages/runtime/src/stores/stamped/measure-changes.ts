import { WatersmeetError } from "@watersmeet/core/errors";
import type { Check, CheckMeasurement } from "@watersmeet/core/gate";
import { fingerprint, stableJson } from "@watersmeet/core/values";
import { quoteIdentifier, renderColumnNames } from "../../exchange/quote.ts";
import type { StagedRows } from "../catalog/move-rows.ts";
import type { CatalogAsset } from "../catalog/read-catalog.ts";
import {
  finishMeasurement,
  measureChecks,
  measureRelation,
  readMeasured,
  type Measuring,
  type SummedMeasurement,
} from "../measure-relation.ts";
import { renderMeasure } from "../render-measure.ts";
import { numberOf, type SqlSession } from "../sql-session.ts";
import type { Measurement } from "../store.ts";
import { renderRowBytes } from "./stage-changes.ts";
import { findEarlierTip, type Tip } from "./stamped-catalog.ts";
import type { MeasuredVersion, StampedStaging } from "./stamped-staging.ts";
import { columnsIdOf, renderStampedVersion } from "./stamped-table.ts";

export interface StampedMeasuring extends Omit<Measuring, "source"> {
  readonly asset: Pick<CatalogAsset, "assetId" | "isPartitioned">;
  readonly rows: StagedRows;
  readonly staging: StampedStaging;
  /** Version that the staged rows are the difference to; `null`: they are the whole version. */
  readonly base: Tip | null;
}

/**
 * Measures a staged version by its difference: digest sums and counts of sets add up, and a check of single rows that all rows of the base have passed can only fail
 * on opened ones. When they have not, all rows are checked; a base with other columns has another digest, and all rows are measured.
 */
export async function measureStamped(
  measuring: StampedMeasuring,
  checks: readonly Check[],
): Promise<{ readonly measurement: Measurement; readonly measured: MeasuredVersion }> {
  const summed = await sumVersion(measuring, checks);
  const hasPassed = summed.checks.every((check) => check.failedRows === 0);
  return {
    measurement: finishMeasurement(summed),
    measured: {
      sums: [String(BigInt.asUintN(64, summed.sums[0])), String(BigInt.asUintN(64, summed.sums[1]))],
      checksId: hasPassed ? checksIdOf(checks) : null,
    },
  };
}

function checksIdOf(checks: readonly Check[]): string {
  return fingerprint(["checks-1", stableJson(checks)]);
}

async function sumVersion(measuring: StampedMeasuring, checks: readonly Check[]): Promise<SummedMeasurement> {
  const { base, schema } = measuring;
  const earlier = await recallEarlier(measuring, checks);
  if (earlier !== null) return earlier;
  const isComparable = base !== null && base.sums !== null && base.columnsId === columnsIdOf(schema);
  if (!isComparable) return await measureRelation({ ...measuring, source: renderWhole(measuring) }, checks);
  const hasPassed = base.checksId === checksIdOf(checks);
  const rowChecks = hasPassed ? checks.filter((check) => check.kind === "row") : [];
  const { opened, closed } = await measureSides(measuring, rowChecks);
  return {
    rowCount: base.rowCount + opened.rowCount - closed.rowCount,
    sizeBytes: base.sizeBytes + opened.sizeBytes - closed.sizeBytes,
    sums: [base.sums[0] + opened.sums[0] - closed.sums[0], base.sums[1] + opened.sums[1] - closed.sums[1]],
    checks: hasPassed
      ? await joinChecks(measuring, checks, opened.checks)
      : await measureChecks({ ...measuring, source: renderWhole(measuring) }, checks),
  };
}

/** What an earlier version came to, when all of its rows have passed the checks, and the staged ones are those. */
async function recallEarlier(
  { asset, base, schema, session, staging }: StampedMeasuring,
  checks: readonly Check[],
): Promise<SummedMeasurement | null> {
  if (base === null || staging.earlier === undefined) return null;
  const earlier = await findEarlierTip(session, asset, staging.earlier);
  const rowCount = base.rowCount + staging.openedRows - staging.closedRows;
  const isSame = earlier?.strand === base.strand && earlier.columnsId === columnsIdOf(schema);
  if (!isSame || earlier.sums === null || earlier.checksId !== checksIdOf(checks) || earlier.rowCount !== rowCount)
    return null;
  const { sizeBytes, sums } = earlier;
  return { rowCount, sizeBytes, sums, checks: checks.map(({ id }) => ({ id, failedRows: 0, sample: [] })) };
}

/** Checks in their order: those of single rows as they were measured, and those of keys. */
async function joinChecks(
  measuring: StampedMeasuring,
  checks: readonly Check[],
  rowChecks: readonly CheckMeasurement[],
): Promise<readonly CheckMeasurement[]> {
  const found = new Map(rowChecks.map((check) => [check.id, check]));
  const measured: (CheckMeasurement | undefined)[] = [];
  for (const check of checks)
    measured.push(check.kind === "row" ? found.get(check.id) : await measureKey(measuring, check));
  return measured.filter((check) => check !== undefined);
}

/** Opened and closed rows in one pass. */
async function measureSides(measuring: StampedMeasuring, rowChecks: readonly Check[]) {
  const { rows, session } = measuring;
  const source = rows.stagingId === null ? rows.table : `(select * from ${rows.table} where _sid = ${rows.stagingId})`;
  const found = await session.run(renderMeasure({ ...measuring, source }, rowChecks, "_sign"));
  const nothing: SummedMeasurement = {
    rowCount: 0,
    sizeBytes: 0,
    sums: [0n, 0n],
    checks: rowChecks.map(({ id }) => ({ id, failedRows: 0, sample: [] })),
  };
  const side = async (sign: 1 | -1, own: readonly Check[]) => {
    const row = found.find((one) => one["_sign"] === String(sign));
    const of = { ...measuring, source: renderSide(rows, sign) };
    return row === undefined ? nothing : await readMeasured(of, row, own);
  };
  return { opened: await side(1, rowChecks), closed: await side(-1, []) };
}

/** No two rows of the base share the key, so that those which do now include an opened one. */
async function measureKey(measuring: StampedMeasuring, check: Extract<Check, { readonly kind: "uniqueKey" }>) {
  const [row] = await measuring.session.run(
    `select coalesce(sum(same), 0) as failed from (select count(*) as same from ${renderTouched(measuring, check)} group by ${check.columns.map(quoteIdentifier).join(", ")} having count(*) > 1) as duplicates`,
  );
  const failedRows = row === undefined ? 0 : numberOf(row, "failed");
  if (failedRows === 0) return { id: check.id, failedRows, sample: [] };
  const [measured] = await measureChecks({ ...measuring, source: renderWhole(measuring) }, [check]);
  return measured;
}

/** Items of FROM with the rows that may share their key with another one since the base. */
function renderTouched(
  { staging, ...measuring }: StampedMeasuring,
  check: { readonly columns: readonly string[] },
): string {
  const { rows, schema } = measuring;
  const opened = renderSide(rows, 1);
  // A row is closed when one with its key is opened: what stays has none of the keys.
  const isRowKey = staging.key.isUnique && staging.key.columns.every((column) => check.columns.includes(column));
  if (isRowKey) return `${opened} as v`;
  const whole = `${renderWhole({ ...measuring, staging })} as v`;
  // To a unique key NULLs are equal, which no engine joins quickly.
  if (schema.columns.some(({ name, isNullable }) => isNullable && check.columns.includes(name))) return whole;
  const columns = check.columns.map(quoteIdentifier);
  return `${whole} join (select distinct ${columns.map((column, index) => `${column} as k${index}`).join(", ")} from ${opened} as o) as o on ${columns.map((column, index) => `v.${column} = o.k${index}`).join(" and ")}`;
}

/** The version that a staging is the difference to. @throws {STORE_STALE} when it has been removed since */
export async function getBase(
  session: SqlSession,
  asset: Pick<CatalogAsset, "assetId" | "isPartitioned">,
  { isDifference, seen }: StampedStaging,
): Promise<Tip | null> {
  if (!isDifference || seen === null) return null;
  const base = await findEarlierTip(session, asset, seen.version);
  if (base !== null) return base;
  throw new WatersmeetError(
    "STORE_STALE",
    `Version ${seen.version}, which the staged rows differ from, has been removed`,
    {
      hint: "Run the step again.",
    },
  );
}

/** An item of FROM with the rows that are opened (1) or closed (-1). */
function renderSide({ table, schema, stagingId }: StagedRows, sign: 1 | -1): string {
  const own = stagingId === null ? "" : `_sid = ${stagingId} and `;
  return `(select ${renderColumnNames(schema.columns)} from ${table} where ${own}_sign = ${sign})`;
}

/** What it takes to read a staged version. */
export type StampedReading = Pick<StampedMeasuring, "rows" | "staging" | "base" | "schema" | "dialect">;

/** An item of FROM with the opened rows of a staged version; all of them, when it is the difference to none. */
export function renderOpened(reading: StampedReading): string {
  return reading.base === null ? renderWhole(reading) : renderSide(reading.rows, 1);
}

/** An item of FROM with all rows of a staged version. */
export function renderWhole(measuring: StampedReading): string {
  const { base, dialect, rows, schema, staging } = measuring;
  const names = renderColumnNames(schema.columns);
  if (staging.form === "whole") return `(select ${names} from ${rows.table})`;
  if (base === null) return renderSide(rows, 1);
  const old = renderStampedVersion(schema, base.rows, base.version);
  const closed = renderSide(rows, -1);
  if (staging.key.isUnique) {
    const matches = staging.key.columns.map(quoteIdentifier).map((column) => `c.${column} = t.${column}`);
    return `(select ${names} from (${old}) as t where not exists (select 1 from ${closed} as c where ${matches.join(" and ")}) union all select ${names} from ${renderSide(rows, 1)} as o)`;
  }
  const numbered = (source: string) =>
    `select ${names}, _bytes, row_number() over (partition by _bytes) as _nth from (select *, ${renderRowBytes(dialect, schema)} as _bytes from ${source} as r) as b`;
  return `(select ${names} from (${numbered(`(${old})`)}) as t where not exists (select 1 from (${numbered(closed)}) as c where c._bytes = t._bytes and c._nth = t._nth) union all select ${names} from ${renderSide(rows, 1)} as o)`;
}
