import type { FoldPlan } from "@watersmeet/core/merge";
import type { Column } from "@watersmeet/core/schema";
import { quoteIdentifier } from "../../../exchange/quote.ts";
import { cellOf } from "../contribution-table.ts";
import type { ContributionTable, MergeDialect } from "../merge-dialect.ts";
import { renderSurvivors } from "./render-survivors.ts";

/** Rows under the policies that take a contribution whole; `null`: cells are chosen one by one. */
export function renderWholeRows(dialect: MergeDialect, plan: FoldPlan, table: ContributionTable): string | null {
  const survivors = renderSurvivors(dialect, plan, table);
  const columns = plan.columns.map(
    (column) => `${renderOwnCell(dialect, plan, { column, table })} as ${quoteIdentifier(column.name)}`,
  );
  if (plan.rows === "unionAll") return `with ${survivors} select ${columns.join(", ")} from u`;
  if (plan.rows !== "keepConflicts") return null;
  const key = plan.key.map((column) => cellOf(table.schema, column)).join(", ");
  const cells = plan.columns.map((column) => cellOf(table.schema, column)).join(", ");
  const steps = [
    `m as (select *, max(_stratum) over (partition by ${key}) as top from u)`,
    `l as (select *, row_number() over (partition by ${key}, _source order by w0 desc) as place from m where _stratum = top)`,
    `k as (select *, row_number() over (partition by ${cells} order by w0 desc) as again from l where place = 1)`,
  ];
  return `with ${survivors}, ${steps.join(", ")} select ${columns.join(", ")} from k where again = 1`;
}

/** A column that follows the row's own contribution, or one that no batch carries. */
export function renderOwnCell(
  dialect: MergeDialect,
  plan: FoldPlan,
  { column, table }: { readonly column: Column; readonly table: ContributionTable },
): string {
  const type = dialect.store.renderType(column.type);
  if (plan.unset.includes(column)) return `null::${type}`;
  return plan.uncounted.includes(column) ? `0::${type}` : cellOf(table.schema, column);
}
