import { keyColumns, type MergeSpec } from "@watersmeet/core/merge";
import type { Column } from "@watersmeet/core/schema";
import { quoteIdentifier, quoteLiteral } from "../../exchange/quote.ts";
import { cellOf } from "./contribution-table.ts";
import type { MergeDialect } from "./merge-dialect.ts";

/** What a branch delivers, read as columns. */
export interface DeliveredColumns {
  /** Of the merge's key and cells, those that the branch has. */
  readonly columns: readonly Column[];
  /** `null`: the branch is undated. It may be one of the columns, or one that the merge does not keep. */
  readonly eventTime: Column | null;
}

/** An INSERT of a branch's rows as contributions: one pass, rows that have no usable key or time included, with the reason. */
export function renderSeal(
  dialect: MergeDialect,
  spec: MergeSpec,
  seal: {
    readonly table: string;
    readonly batch: number;
    readonly delivery: DeliveredColumns;
    readonly select: string;
  },
): string {
  const key = keyColumns(spec.schema, spec.policy.key);
  const cells = seal.delivery.columns.map((column) => {
    const value = `b.${quoteIdentifier(column.name)}`;
    const isText = key.includes(column) && column.type.kind === "text";
    return { cell: cellOf(spec.schema, column), value: isText ? dialect.renderNormalized(value) : value };
  });
  const { eventTime } = seal.delivery;
  const faults = [
    ...key.map((column) => renderKeyFaults(dialect, column)),
    ...(eventTime === null ? [] : renderTimeFaults(dialect, eventTime)),
  ];
  const columns = ["_batch", "_fault", "_at", ...cells.map(({ cell }) => cell)];
  const time = eventTime === null ? "null::bigint" : renderMicros(dialect, eventTime);
  const fault = `case ${faults.flat().join(" ")} end`;
  const values = [String(seal.batch), fault, time, ...cells.map(({ value }) => value)];
  return `insert into ${seal.table} (${columns.join(", ")}) select ${values.join(", ")} from (${seal.select}) as b`;
}

/** Figures of a sealed batch in one row: contributions without a fault, how many of them share key and time with another one, and their times. */
export function renderSealFigures(spec: MergeSpec, table: string, batch: number): string {
  const positions = `select _at, count(*) as same from ${table} where _batch = ${batch} and _fault is null group by ${renderPosition(spec)}`;
  return `select coalesce(sum(same), 0) as accepted, coalesce(sum(same - 1), 0) as ties, min(_at) as least_time, max(_at) as greatest_time from (${positions}) as positions`;
}

/** Keys, as JSON, that a batch gives two values for with equal tokens. */
export function renderAmbiguousKeys(
  dialect: MergeDialect,
  spec: MergeSpec,
  sealed: { readonly table: string; readonly batch: number },
): string {
  const key = keyColumns(spec.schema, spec.policy.key);
  const json = dialect.renderJsonRow(key.map((column) => ({ name: column.name, value: cellOf(spec.schema, column) })));
  const cells = spec.schema.columns.map((column) => cellOf(spec.schema, column)).join(", ");
  return `select distinct ${json} as key_json from ${sealed.table} where _batch = ${sealed.batch} and _fault is null group by ${renderPosition(spec)} having count(*) > 1 and count(distinct row(${cells})) > 1 order by key_json limit 10`;
}

/** Removes all but one of equal contributions; they were counted. */
export function renderDropDuplicates(
  dialect: MergeDialect,
  spec: MergeSpec,
  sealed: { readonly table: string; readonly batch: number },
): string {
  const { rowId } = dialect;
  const ranked = `select ${rowId} as id, row_number() over (partition by ${renderPosition(spec)} order by ${rowId}) as rank from ${sealed.table} where _batch = ${sealed.batch} and _fault is null`;
  return `delete from ${sealed.table} where _batch = ${sealed.batch} and ${rowId} in (select id from (${ranked}) as ranked where rank > 1)`;
}

/** Rejected rows of batches as (source, reason, row_json). */
export function renderRejected(
  dialect: MergeDialect,
  spec: MergeSpec,
  {
    table,
    batches,
  }: { readonly table: string; readonly batches: readonly { readonly number: number; readonly source: string }[] },
): string {
  const sources = batches.map(({ number, source }) => `when ${number} then ${quoteLiteral(source)}`).join(" ");
  const cells = spec.schema.columns.map((column) => ({ name: column.name, value: cellOf(spec.schema, column) }));
  return `select case _batch ${sources} end, _fault, ${dialect.renderJsonRow(cells)} from ${table} where _fault is not null and _batch in (${batches.map(({ number }) => number).join(", ")})`;
}

function renderPosition(spec: MergeSpec): string {
  return [...keyColumns(spec.schema, spec.policy.key).map((column) => cellOf(spec.schema, column)), "_at"].join(", ");
}

/** In the order of `canonicalKey`, with the same reasons. */
function renderKeyFaults(dialect: MergeDialect, { name, type }: Column): readonly string[] {
  const value = `b.${quoteIdentifier(name)}`;
  const when = (condition: string, fault: string) => `when ${condition} then ${quoteLiteral(`${fault}: ${name}`)}`;
  const hasNul = type.kind === "text" ? dialect.renderHasNul(value) : null;
  return [
    when(`${value} is null`, "keyMissing"),
    ...(hasNul === null ? [] : [when(hasNul, "keyNotText")]),
    ...(type.kind === "date" || type.kind === "timestamp" ? [when(`not isfinite(${value})`, "keyNotFinite")] : []),
  ];
}

function renderTimeFaults(dialect: MergeDialect, { name, type }: Column): readonly string[] {
  const value = `b.${quoteIdentifier(name)}`;
  const when = (condition: string, fault: string) => `when ${condition} then ${quoteLiteral(`${fault}: ${name}`)}`;
  const isInstant = type.kind === "timestamp" || type.kind === "date";
  return [
    when(`${value} is null`, "eventTimeMissing"),
    when(
      isInstant ? `not isfinite(${value})` : `${value} = (-9223372036854775807 - 1)::${dialect.store.renderType(type)}`,
      "eventTimeInvalid",
    ),
  ];
}

function renderMicros(dialect: MergeDialect, { name, type }: Column): string {
  const value = `b.${quoteIdentifier(name)}`;
  if (type.kind !== "timestamp" && type.kind !== "date") return value;
  const instant = type.kind === "date" ? `${value}::${dialect.store.renderType({ kind: "timestamp" })}` : value;
  return `case when isfinite(${value}) then ${dialect.store.renderEpochMicros(instant)} end`;
}
