import { hashedColumns, type FoldPlan, type PackedOrder, type Presence } from "@watersmeet/core/merge";
import { cellOf } from "../contribution-table.ts";
import type { ContributionTable, MergeDialect } from "../merge-dialect.ts";

const fitsBigint = 2n ** 63n;

/** Whether a token needs more than 63 bits. */
export function isWideOrder(packed: PackedOrder): boolean {
  return packed.size > fitsBigint;
}

/** A token as one integer: the same number as `packToken` of core gives. `offset` is an expression for what the batch amounts to; `null`: nothing. */
export function renderPackedToken(dialect: MergeDialect, packed: PackedOrder, offset: string | null): string {
  const isWide = isWideOrder(packed);
  const type = isWide ? dialect.wideType : "bigint";
  const value = (column: string) => (isWide ? `${column}::${type}` : column);
  const literal = (number: bigint) => renderInteger(dialect, packed, number);
  const terms: string[] = [];
  const add = (digit: PackedOrder["eventTime"], expression: (least: string) => string) => {
    if (digit === null) return;
    const distance = expression(literal(digit.least));
    terms.push(digit.weight === 1n ? distance : `${distance} * ${literal(digit.weight)}`);
  };
  add(packed.eventTime, (least) => `coalesce(${value("_at")} - ${least} + 1, 0)`);
  if (packed.bucket !== null) terms.push(renderBucket(dialect, packed.bucket, { at: value("_at"), literal }));
  add(packed.sequence, (least) => `(coalesce(${value("_sequence")}, 0) - ${least})`);
  add(packed.ordinal, () => `coalesce(${value("_ordinal")}, 0)`);
  add(packed.operation, () => `coalesce(_op, 0)::${type}`);
  if (offset !== null) terms.push(value(offset));
  return terms.length === 0 ? `0::${type}` : `(${terms.join(" + ")})::${type}`;
}

/** An integer in the type of an order's tokens. */
export function renderInteger(dialect: MergeDialect, packed: PackedOrder, number: bigint): string {
  if (isWideOrder(packed)) return `${number < 0n ? `(${number})` : number}::${dialect.wideType}`;
  return number < 0n ? `(${number})` : String(number);
}

function renderBucket(
  dialect: MergeDialect,
  { least, widthUs, bucketWeight, restWeight }: NonNullable<PackedOrder["bucket"]>,
  { at, literal }: { readonly at: string; readonly literal: (number: bigint) => string },
): string {
  const distance = `(${at} - ${literal(least)})`;
  const bucket = `(${dialect.renderQuotient(distance, literal(widthUs))} + 1) * ${literal(bucketWeight)}`;
  return `coalesce(${bucket} + (${distance} % ${literal(widthUs)}) * ${literal(restWeight)}, 0)`;
}

/** What rank, batch sequence and source of each batch amount to, chosen by the batch; `null`: nothing. */
export function renderOffsets(dialect: MergeDialect, packed: PackedOrder): string | null {
  const cases = [...packed.offsets].filter(([, offset]) => offset !== 0n);
  if (cases.length === 0) return null;
  const literal = (number: bigint) => renderInteger(dialect, packed, number);
  return `case _batch ${cases.map(([batch, offset]) => `when ${batch} then ${literal(offset)}`).join(" ")} else ${literal(0n)} end`;
}

/** Whether a contribution says something of a column; `null` when all do. */
export function renderPresence({ batches, bit, isNullAbsent }: Presence, cell: string): string | null {
  const conditions = [
    ...(batches === null ? [] : [`_batch in (${batches.join(", ")})`]),
    ...(bit === null ? [] : [`coalesce(get_bit(_present, ${bit}), 1) = 1`]),
    ...(isNullAbsent ? [`${cell} is not null`] : []),
  ];
  return conditions.length === 0 ? null : conditions.join(" and ");
}

/** The hash that decides when everything else of two tokens is equal: `hashCells` of core. */
export function renderValueHash(dialect: MergeDialect, plan: FoldPlan, table: ContributionTable): string {
  const presence = new Map(plan.said.map((said) => [said.column.name, said.presence]));
  const parts = hashedColumns(table.schema).flatMap(({ id, column }) => {
    const present = presence.get(column.name);
    if (present === undefined) return [];
    const cell = cellOf(table.schema, column);
    const bytes = `${dialect.renderBytes(lengthPrefixed(id))} || ${dialect.store.renderCanonical(cell, column.type)}`;
    const condition = renderPresence(present, cell);
    return [
      condition === null
        ? `(${bytes})`
        : `(case when ${condition} then ${bytes} else ${dialect.renderBytes(Buffer.alloc(0))} end)`,
    ];
  });
  return dialect.store.renderHash(parts.length === 0 ? dialect.renderBytes(Buffer.alloc(0)) : parts.join(" || "));
}

function lengthPrefixed(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
