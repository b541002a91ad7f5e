import type { FoldPlan, PackedOrder, Presence } from "@watersmeet/core/merge";
import { canonicalColumns } from "@watersmeet/core/schema";
import { cellOf } from "./contribution-table.ts";
import type { ContributionTable, MergeDialect } from "./merge-dialect.ts";

const fitsBigint = 2n ** 63n;

/** A token as one integer: the same number as `packToken` of core gives. */
export function renderPackedToken(dialect: MergeDialect, packed: PackedOrder): string {
  const isWide = packed.size > fitsBigint;
  const type = isWide ? dialect.wideType : "bigint";
  const value = (column: string) => (isWide ? `${column}::${type}` : column);
  const literal = (number: bigint) => (isWide ? `${number}::${type}` : number < 0n ? `(${number})` : String(number));
  const terms: string[] = [];
  const add = (digit: PackedOrder["eventTime"], expression: (least: string) => string) => {
    if (digit === null) return;
    const distance = expression(literal(digit.least));
    terms.push(digit.weight === 1n ? distance : `${distance} * ${literal(digit.weight)}`);
  };
  add(packed.eventTime, (least) => `coalesce(${value("_at")} - ${least} + 1, 0)`);
  add(packed.sequence, (least) => `(coalesce(${value("_sequence")}, 0) - ${least})`);
  add(packed.ordinal, () => `coalesce(${value("_ordinal")}, 0)`);
  add(packed.operation, () => `coalesce(_op, 0)::${type}`);
  const offsets = renderOffsets(packed, literal);
  if (offsets !== null) terms.push(offsets);
  return terms.length === 0 ? `0::${type}` : `(${terms.join(" + ")})::${type}`;
}

function renderOffsets({ offsets }: PackedOrder, literal: (number: bigint) => string): string | null {
  const cases = [...offsets].filter(([, offset]) => offset !== 0n);
  if (cases.length === 0) return null;
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
  const presence = new Map(
    plan.groups.flatMap((group) => group.columns.map(({ name }) => [name, group.presence] as const)),
  );
  const parts = canonicalColumns(table.schema).flatMap((column) => {
    const present = presence.get(column.name);
    if (present === undefined) return [];
    const cell = cellOf(table.schema, column);
    const bytes = `${dialect.renderBytes(namePrefix(column.name))} || ${dialect.store.renderCanonical(cell, column.type)}`;
    const condition = renderPresence(present, cell);
    return [
      condition === null
        ? `(${bytes})`
        : `(case when ${condition} then ${bytes} else ${dialect.renderBytes(Buffer.alloc(0))} end)`,
    ];
  });
  return dialect.store.renderHash(parts.length === 0 ? dialect.renderBytes(Buffer.alloc(0)) : parts.join(" || "));
}

function namePrefix(name: string): Buffer {
  const bytes = Buffer.from(name);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
