import type { MergeSpec } from "@watersmeet/core/merge";
import type { Column } from "@watersmeet/core/schema";
import { quoteIdentifier, quoteLiteral } from "../../../exchange/quote.ts";
import type { MergeScope } from "../../port/staged-merge.ts";
import type { MergeDialect } from "../merge-dialect.ts";
import { renderMicros } from "./render-seal.ts";

/** A SELECT of those of a branch's rows that are the partition's. */
export function renderScoped(
  dialect: MergeDialect,
  spec: MergeSpec,
  { scope, select }: { readonly scope: MergeScope | null; readonly select: string },
): string {
  return scope === null ? select : `select * from (${select}) as b where ${renderIsInside(dialect, spec, scope)}`;
}

/** How many rows of each delivery belong to other partitions, by the number of its batch. */
export function renderOutsideCounts(
  dialect: MergeDialect,
  spec: MergeSpec,
  {
    scope,
    batches,
  }: { readonly scope: MergeScope; readonly batches: readonly { readonly number: number; readonly select: string }[] },
): string {
  const isInside = renderIsInside(dialect, spec, scope);
  return batches
    .map(
      ({ number, select }) =>
        `select ${number} as number, count(*) as count from (${select}) as b where not ${isInside}`,
    )
    .join(" union all ");
}

/** Never NULL. What has no usable key belongs to no partition: whoever reads it sets it aside. */
function renderIsInside(dialect: MergeDialect, spec: MergeSpec, scope: MergeScope): string {
  const column = spec.schema.columns.find(({ name }) => name === scope.column);
  if (column === undefined) throw new TypeError(`The schema has no column "${scope.column}"`);
  const value = `b.${quoteIdentifier(column.name)}`;
  return "equals" in scope
    ? renderIsText(dialect, value, scope.equals)
    : renderIsWithin(dialect, { column, value }, scope);
}

function renderIsText(dialect: MergeDialect, value: string, text: string): string {
  const hasNul = dialect.renderHasNul(value);
  const isText = `${dialect.renderNormalized(value)} = ${quoteLiteral(text.normalize("NFC"))}`;
  return `(${value} is null or ${hasNul === null ? isText : `${hasNul} or ${isText}`})`;
}

function renderIsWithin(
  dialect: MergeDialect,
  { column, value }: { readonly column: Column; readonly value: string },
  { from, to }: { readonly from: string; readonly to: string },
): string {
  const micros = renderMicros(dialect, column);
  return `(${value} is null or not isfinite(${value}) or (${micros} >= ${from} and ${micros} < ${to}))`;
}
