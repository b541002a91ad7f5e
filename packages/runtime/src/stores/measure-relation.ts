import type { Check, CheckMeasurement } from "@watersmeet/core/gate";
import { finishRowDigest, type Row } from "@watersmeet/core/schema";
import type { Json } from "@watersmeet/core/values";
import { renderChecks, renderMeasure, renderSample, type MeasuredRelation } from "./render-measure.ts";
import { numberOf, textOf, type SqlRow, type SqlSession } from "./sql-session.ts";
import type { Measurement } from "./store.ts";

/** Rows of a failed check that are shown. */
const sampleRows = 5;

export interface Measuring extends MeasuredRelation {
  readonly session: SqlSession;
  /** Runs a SELECT of the schema's columns. */
  readRows(select: string): Promise<readonly Row[]>;
}

/** A measurement whose digest is not finished: sums of several sets add up. */
export interface SummedMeasurement extends Omit<Measurement, "dataDigest"> {
  readonly sums: readonly [bigint, bigint];
}

export function finishMeasurement({ sums, ...measurement }: SummedMeasurement): Measurement {
  return { ...measurement, dataDigest: finishRowDigest({ rowCount: measurement.rowCount, sums }) };
}

/** One pass over the rows; another query only for each check that failed. */
export async function measureRelation(measuring: Measuring, checks: readonly Check[]): Promise<SummedMeasurement> {
  const [row] = await measuring.session.run(renderMeasure(measuring, checks));
  if (row === undefined) throw new TypeError("An aggregate has one row");
  return await readMeasured(measuring, row, checks);
}

/** One row of `renderMeasure`, with samples from the relation. */
export async function readMeasured(
  measuring: Measuring,
  row: SqlRow,
  checks: readonly Check[],
): Promise<SummedMeasurement> {
  return {
    rowCount: numberOf(row, "row_count"),
    sums: [BigInt(textOf(row, "sum_0")), BigInt(textOf(row, "sum_1"))],
    sizeBytes: numberOf(row, "size_bytes"),
    checks: await readChecks(measuring, row, checks),
  };
}

/** Checks of rows whose digest is known. */
export async function measureChecks(
  measuring: Measuring,
  checks: readonly Check[],
): Promise<readonly CheckMeasurement[]> {
  if (checks.length === 0) return [];
  const [row] = await measuring.session.run(renderChecks(measuring, checks));
  if (row === undefined) throw new TypeError("An aggregate has one row");
  return await readChecks(measuring, row, checks);
}

async function readChecks(
  measuring: Measuring,
  row: SqlRow,
  checks: readonly Check[],
): Promise<readonly CheckMeasurement[]> {
  const measured: CheckMeasurement[] = [];
  for (const [index, check] of checks.entries()) {
    const failedRows = numberOf(row, `failed_${index}`);
    const sample = failedRows === 0 ? [] : await measuring.readRows(renderSample(measuring, check, sampleRows));
    measured.push({ id: check.id, failedRows, sample: sample.map(toJsonRow) });
  }
  return measured;
}

/** Sample rows go into errors and records: what JSON has no form for becomes text. */
function toJsonRow(row: Row): Readonly<Record<string, Json>> {
  const copy: Readonly<Record<string, Json>> = JSON.parse(
    JSON.stringify(row, (_, value: unknown) => toJsonValue(value)),
  );
  return copy;
}

function toJsonValue(value: unknown): unknown {
  return typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value)) ? String(value) : value;
}
