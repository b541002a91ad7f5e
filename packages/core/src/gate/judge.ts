import { WatersmeetError } from "../errors/watersmeet-error.ts";
import type { Json } from "../values/json.ts";
import type { Check, CheckMeasurement } from "./check.ts";

/** A check that rows failed. */
export interface GateFailure {
  readonly id: string;
  /** What rows must fulfil, in words that follow the columns' names. */
  readonly message: string;
  /** The columns that it is about; empty when it is about whole rows. */
  readonly columns: readonly string[];
  readonly failedRows: number;
  readonly sample: CheckMeasurement["sample"];
}

/** Whether staged rows may be published. */
export type Verdict = { readonly kind: "pass" } | { readonly kind: "block"; readonly failures: readonly GateFailure[] };

/** Judges what a store measured. Failures come in the order of the checks. A check without a measurement fails: what was not checked has not passed. */
export function judgeChecks(checks: readonly Check[], measurements: readonly CheckMeasurement[]): Verdict {
  const byId = new Map(measurements.map((measurement) => [measurement.id, measurement]));
  return judgeFailures(checks.flatMap((check) => judgeCheck(check, byId.get(check.id))));
}

/** The verdict on failures found elsewhere, e.g. by zod on rows (see `countRowIssues`). */
export function judgeFailures(failures: readonly GateFailure[]): Verdict {
  return failures.length === 0 ? { kind: "pass" } : { kind: "block", failures };
}

function judgeCheck(check: Check, measurement: CheckMeasurement | undefined): readonly GateFailure[] {
  const columns = check.kind === "row" ? [check.predicate.column] : check.columns;
  const failure = { id: check.id, columns };
  if (measurement === undefined) return [{ ...failure, message: "was not measured", failedRows: 0, sample: [] }];
  if (measurement.failedRows === 0) return [];
  return [{ ...failure, message: check.message, failedRows: measurement.failedRows, sample: measurement.sample }];
}

/** What a verdict is about. */
export interface JudgedRows {
  readonly asset: string;
  /** Empty for an asset without partitions. */
  readonly partition: string;
  readonly rowCount: number;
}

/** The wording of a blocked step: one sentence, then a line per failed check with its count and a sample row. */
export function describeVerdict(failures: readonly GateFailure[], rows: JudgedRows): string {
  const where = rows.partition === "" ? rows.asset : `${rows.asset}@${rows.partition}`;
  const count = failures.length === 1 ? "a check" : `${failures.length} checks`;
  const head = `${where}: rows failed ${count}, so the version before stays served (${plural(rows.rowCount)} staged)`;
  return [head, ...failures.map((failure) => `  ${describeFailure(failure)}`)].join("\n");
}

function describeFailure({ columns, message, failedRows, sample }: GateFailure): string {
  const subject =
    columns.length === 0
      ? "row"
      : `column${columns.length === 1 ? "" : "s"} ${columns.map((name) => `"${name}"`).join(", ")}`;
  const [first] = sample;
  return `${subject} ${message}: ${plural(failedRows)}${first === undefined ? "" : `, e.g. ${shorten(JSON.stringify(first))}`}`;
}

/** The error that a blocked step is recorded with: GATE_FAILED, with every failure in its details. */
export function gateFailed(failures: readonly GateFailure[], rows: JudgedRows): WatersmeetError {
  const [first] = failures;
  const columns = first?.columns.join(", ") ?? "";
  return new WatersmeetError("GATE_FAILED", describeVerdict(failures, rows), {
    hint: `Look at what makes ${columns === "" ? "these rows" : `"${columns}"`} in ${rows.asset} and upstream of it, or change the schema if such rows are right`,
    details: { ...rows, failures: failures.map(toJson) },
  });
}

function toJson(failure: GateFailure): Json {
  return { ...failure, columns: [...failure.columns], sample: [...failure.sample] };
}

const maxSampleLength = 300;

function shorten(text: string): string {
  return text.length <= maxSampleLength ? text : `${text.slice(0, maxSampleLength)}…`;
}

function plural(count: number): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? "row" : "rows"}`;
}
