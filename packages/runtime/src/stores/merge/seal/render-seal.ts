import { keyColumns, type MergeSpec } from "@watersmeet/core/merge";
import type { Column } from "@watersmeet/core/schema";
import { quoteIdentifier, quoteLiteral } from "../../../exchange/quote.ts";
import { cellOf } from "../contribution-table.ts";
import type { MergeDialect } from "../merge-dialect.ts";
import type { DeliveredColumns } from "./delivered-columns.ts";

/** Rows of one branch that become batches of one form. */
export interface RenderedSeal {
  readonly table: string;
  readonly delivered: DeliveredColumns;
  /** A time after this one, in microseconds, cannot be; `null`: any can. */
  readonly latestTime: bigint | null;
  readonly batches: readonly SealedSelect[];
}

export interface SealedSelect {
  readonly number: number;
  /** A SELECT of the columns that the branch is read for. */
  readonly select: string;
  /** Rows of a time before it go to another batch; the first that fits counts. */
  readonly splits: readonly { readonly before: bigint; readonly number: number }[];
}

/** Where sealed rows stand, and whether any of them tells its operation, sequence or presence. */
export interface SealedRows {
  readonly table: string;
  readonly hasFeed: boolean;
}

/** An INSERT of a branch's rows as contributions: one pass over all deliveries, rows that have no usable key or time included, with the reason. */
export function renderSeal(dialect: MergeDialect, spec: MergeSpec, seal: RenderedSeal): string {
  const { delivered } = seal;
  const cells = delivered.columns.map((column) => ({
    cell: cellOf(spec.schema, column),
    value: renderCell(dialect, spec, { column, present: delivered.present }),
  }));
  const columns = [
    "_batch",
    "_fault",
    "_at",
    ...(delivered.operation === null ? [] : ["_op"]),
    ...(delivered.sequence === null ? [] : ["_sequence"]),
    ...(delivered.present === null ? [] : ["_present"]),
    ...cells.map(({ cell }) => cell),
  ];
  const common = [
    ...(delivered.operation === null ? [] : [renderOperation(delivered.operation)]),
    ...(delivered.sequence === null ? [] : [`nullif(b.${quoteIdentifier(delivered.sequence.name)}, 0)`]),
    ...(delivered.present === null ? [] : [renderPresent(dialect, spec, delivered)]),
    ...cells.map(({ value }) => value),
  ];
  const time = delivered.eventTime === null ? "null::bigint" : renderMicros(dialect, delivered.eventTime);
  const fault = renderFault(dialect, spec, { seal, time });
  const selects = seal.batches.map(({ number, select, splits }) => {
    const cases = splits.map((split) => `when ${time} < ${split.before} then ${split.number}`);
    const batch =
      splits.length === 0
        ? String(number)
        : `case when ${fault} is not null then ${number} ${cases.join(" ")} else ${number} end`;
    return `select ${[batch, fault, time, ...common].join(", ")} from (${select}) as b`;
  });
  return `insert into ${seal.table} (${columns.join(", ")}) ${selects.join(" union all ")}`;
}

/** By batch: contributions, those without a fault, how many of them share key and position with another one, and what their extents are. */
export function renderSealFigures(
  spec: MergeSpec,
  { table, batches, hasFeed }: SealedRows & { readonly batches: readonly number[] },
): string {
  const feed = hasFeed
    ? "coalesce(_sequence, 0) as seq, _op, max(case when _present::varchar like '%0%' then 1 else 0 end) as partial"
    : "0 as seq, 0 as _op, 0 as partial";
  const positions = `select _batch, _fault is null as sound, _at, ${feed}, count(*) as same from ${table} where _batch in (${batches.join(", ")}) group by _batch, _fault is null, ${renderPosition(spec, hasFeed)}`;
  const sound = (aggregate: string) => `${aggregate} filter (where sound)`;
  const figures = [
    `sum(same) as row_count`,
    `coalesce(${sound("sum(same)")}, 0) as accepted`,
    `coalesce(${sound("sum(same - 1)")}, 0) as ties`,
    `${sound("min(_at)")} as least_time`,
    `${sound("max(_at)")} as greatest_time`,
    `coalesce(${sound("min(seq)")}, 0) as least_sequence`,
    `coalesce(${sound("max(seq)")}, 0) as greatest_sequence`,
    `count(*) filter (where sound and _op = 2) as deletes`,
    `count(*) filter (where sound and _op = 1) as retracts`,
    `coalesce(${sound("max(partial)")}, 0) as partial`,
  ];
  return `select _batch, ${figures.join(", ")} from (${positions}) as positions group by _batch`;
}

/**
 * How many sound contributions of each batch are of each class: of the first whose time they are before. `before` is a SELECT of contributions in whose place the batches come:
 * what they said already is not late again.
 */
export function renderLateCounts(
  spec: MergeSpec,
  {
    table,
    batches,
    before,
    carried,
  }: {
    readonly table: string;
    readonly batches: readonly number[];
    readonly before: string | null;
    readonly carried: readonly Column[];
  },
  bounds: readonly { readonly class: string; readonly before: bigint }[],
): string {
  const cases = bounds.map((bound) => `when t._at < ${bound.before} then ${quoteLiteral(bound.class)}`);
  const isNew =
    before === null
      ? ""
      : ` and not exists (select 1 from (${before}) as s where ${renderSameContribution(spec, carried)})`;
  return `select t._batch, case ${cases.join(" ")} else 'onTime' end as class, count(*) as row_count from ${table} as t where t._batch in (${batches.join(", ")}) and t._fault is null${isNew} group by 1, 2`;
}

/** How many contributions only one of two batches of a table has. */
export function renderDifferentRows(
  spec: MergeSpec,
  { table, one, other }: { readonly table: string; readonly one: number; readonly other: number },
): string {
  const cells = spec.schema.columns.map((column) => cellOf(spec.schema, column));
  const of = (batch: number) =>
    `select ${["_fault", "_op", "_at", "_sequence", "_present", ...cells].join(", ")} from ${table} where _batch = ${batch}`;
  return `select count(*) as different from ((${of(one)} except all ${of(other)}) union all (${of(other)} except all ${of(one)})) as rows_of_one`;
}

/**
 * Whether contributions `t` and `s` of a branch say the same. `carried` is what a row of it that does not name its columns says something of. One that an upcaster has brought here
 * names them, and means no other thing by it.
 */
export function renderSameContribution(spec: MergeSpec, carried: readonly Column[]): string {
  const key = keyColumns(spec.schema, spec.policy.key).map((column) => cellOf(spec.schema, column));
  const others = spec.schema.columns.map((column) => cellOf(spec.schema, column)).filter((cell) => !key.includes(cell));
  return [
    ...key.map((cell) => `t.${cell} = s.${cell}`),
    ...["_op", "_at", "_sequence", ...others].map((name) => `t.${name} is not distinct from s.${name}`),
    ...renderSamePresence(spec, carried),
  ].join(" and ");
}

/** NULL in a cell that reads it as absent is absent, however that was said. */
function renderSamePresence({ policy, schema }: MergeSpec, carried: readonly Column[]): readonly string[] {
  const named = new Set(carried.map(({ name }) => name));
  const bits = schema.columns.flatMap(({ name, nullAs }, index) => {
    if (policy.key.includes(name) || nullAs === "absent") return [];
    const bit = (row: string) => `coalesce(get_bit(${row}._present, ${index}), ${named.has(name) ? 1 : 0})`;
    return [`${bit("t")} = ${bit("s")}`];
  });
  if (bits.length === 0) return [];
  return [`(t._present is not distinct from s._present or (${bits.join(" and ")}))`];
}

/** Keys, as JSON, that a batch gives two values for with equal tokens. */
export function renderAmbiguousKeys(
  dialect: MergeDialect,
  spec: MergeSpec,
  sealed: SealedRows & { readonly batch: number },
): string {
  const key = keyColumns(spec.schema, spec.policy.key);
  const json = dialect.renderJsonRow(key.map((column) => ({ name: column.name, value: cellOf(spec.schema, column) })));
  const cells = spec.schema.columns.map((column) => cellOf(spec.schema, column)).join(", ");
  return `select distinct ${json} as key_json from ${sealed.table} where _batch = ${sealed.batch} and _fault is null group by ${renderPosition(spec, sealed.hasFeed)} having count(*) > 1 and count(distinct row(${cells}, _present)) > 1 order by key_json limit 10`;
}

/** Marks all but one of equal contributions: only rows of `unionAll` count each. */
export function renderMarkCopies(
  dialect: MergeDialect,
  spec: MergeSpec,
  sealed: SealedRows & { readonly batch: number },
): string {
  const { rowId } = dialect;
  const cells = spec.schema.columns.map((column) => cellOf(spec.schema, column)).join(", ");
  const ranked = `select ${rowId} as id, row_number() over (partition by ${renderPosition(spec, sealed.hasFeed)}, ${cells}, _present order by ${rowId}) - 1 as copy from ${sealed.table} where _batch = ${sealed.batch} and _fault is null`;
  return `update ${sealed.table} set _copy = ranked.copy from (${ranked}) as ranked where ${sealed.table}.${rowId} = ranked.id and ranked.copy > 0`;
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

/** What a token is made of besides what all contributions of a batch share. */
function renderPosition(spec: MergeSpec, hasFeed: boolean): string {
  const key = keyColumns(spec.schema, spec.policy.key).map((column) => cellOf(spec.schema, column));
  return [...key, "_at", ...(hasFeed ? ["_sequence", "_op"] : [])].join(", ");
}

function renderCell(
  dialect: MergeDialect,
  spec: MergeSpec,
  { column, present }: { readonly column: Column; readonly present: Column | null },
): string {
  const value = `b.${quoteIdentifier(column.name)}`;
  if (spec.policy.key.includes(column.name))
    return column.type.kind === "text" ? dialect.renderNormalized(value) : value;
  return present === null ? value : `case when ${renderIsSaid(dialect, present, column)} then ${value} end`;
}

function renderIsSaid(dialect: MergeDialect, present: Column, column: Column): string {
  const list = `b.${quoteIdentifier(present.name)}`;
  return `(${list} is null or ${dialect.renderContainsName(list, column.name)})`;
}

/** One bit for each column of the schema; a key, and what the whole batch does not carry, has 1. */
function renderPresent(dialect: MergeDialect, spec: MergeSpec, { columns, present }: DeliveredColumns): string {
  const bits = spec.schema.columns.map((column) => {
    const isCell = columns.includes(column) && !spec.policy.key.includes(column.name);
    if (!isCell || present === null) return "'1'";
    const saysNothing = column.nullAs === "absent" ? ` and b.${quoteIdentifier(column.name)} is not null` : "";
    return `case when ${renderIsSaid(dialect, present, column)}${saysNothing} then '1' else '0' end`;
  });
  return `(${bits.join(" || ")})::${dialect.presenceType}`;
}

function renderOperation({ name }: Column): string {
  return `case b.${quoteIdentifier(name)} when 'retract' then 1 when 'delete' then 2 end`;
}

/** In the order of core's `sealBatch`, with the same reasons. */
function renderFault(
  dialect: MergeDialect,
  spec: MergeSpec,
  { seal, time }: { readonly seal: RenderedSeal; readonly time: string },
): string {
  const { eventTime, operation } = seal.delivered;
  const faults = [
    ...keyColumns(spec.schema, spec.policy.key).flatMap((column) => renderKeyFaults(dialect, column)),
    ...(operation === null
      ? []
      : [renderWhen(operation, `not in ('upsert', 'retract', 'delete')`, "operationInvalid")]),
    ...(eventTime === null ? [] : renderTimeFaults(dialect, eventTime)),
    ...(eventTime === null || seal.latestTime === null
      ? []
      : [`when ${time} > ${seal.latestTime} then ${quoteLiteral(`eventTimeFuture: ${eventTime.name}`)}`]),
  ];
  return `case ${faults.join(" ")} end`;
}

function renderWhen({ name }: Column, condition: string, fault: string): string {
  return `when b.${quoteIdentifier(name)} ${condition} then ${quoteLiteral(`${fault}: ${name}`)}`;
}

/** In the order of `canonicalKey`, with the same reasons. */
function renderKeyFaults(dialect: MergeDialect, column: Column): readonly string[] {
  const { name, type } = column;
  const value = `b.${quoteIdentifier(name)}`;
  const hasNul = type.kind === "text" ? dialect.renderHasNul(value) : null;
  return [
    renderWhen(column, "is null", "keyMissing"),
    ...(hasNul === null ? [] : [`when ${hasNul} then ${quoteLiteral(`keyNotText: ${name}`)}`]),
    ...(isInstant(column) ? [`when not isfinite(${value}) then ${quoteLiteral(`keyNotFinite: ${name}`)}`] : []),
  ];
}

function renderTimeFaults(dialect: MergeDialect, column: Column): readonly string[] {
  const { name, type } = column;
  const value = `b.${quoteIdentifier(name)}`;
  return [
    renderWhen(column, "is null", "eventTimeMissing"),
    isInstant(column)
      ? `when not isfinite(${value}) then ${quoteLiteral(`eventTimeInvalid: ${name}`)}`
      : renderWhen(column, `= (-9223372036854775807 - 1)::${dialect.store.renderType(type)}`, "eventTimeInvalid"),
  ];
}

/** Microseconds since 1970 of a column of a branch `b`; NULL where it is not finite. */
export function renderMicros(dialect: MergeDialect, column: Column): string {
  const value = `b.${quoteIdentifier(column.name)}`;
  if (!isInstant(column)) return value;
  const instant = column.type.kind === "date" ? `${value}::${dialect.store.renderType({ kind: "timestamp" })}` : value;
  return `case when isfinite(${value}) then ${dialect.store.renderEpochMicros(instant)} end`;
}

function isInstant({ type }: Column): boolean {
  return type.kind === "timestamp" || type.kind === "date";
}
