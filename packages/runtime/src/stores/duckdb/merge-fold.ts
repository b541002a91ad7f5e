import type { FoldPlan } from "@watersmeet/core/merge";
import type { Column } from "@watersmeet/core/schema";
import { quoteIdentifier } from "../../exchange/quote.ts";
import { cellOf } from "../merge/contribution-table.ts";
import type { ContributionTable, MergeDialect, RenderedFold } from "../merge/merge-dialect.ts";
import { renderConflicts } from "../merge/render-conflicts.ts";
import { renderDistinctCount, renderSurvivors } from "../merge/render-survivors.ts";
import { renderPresence } from "../merge/render-token.ts";

/**
 * Narrow winners, then their rows by rowid: a group of columns needs one `arg_max(rowid, token)`, whose state has a fixed size, and no window sorts wide rows.
 * Measured on 3 × 1M contributions of 8 columns: 0.85 s for one group and 1.05 s for two, against 1.06 s for `row_number() = 1` over plain columns
 * (one group) and 1.3 to 1.9 s for `arg_max_null` per column (two).
 */
export function renderDuckdbFold(dialect: MergeDialect, plan: FoldPlan, table: ContributionTable): RenderedFold {
  const survivors = renderSurvivors(dialect, plan, table);
  const key = plan.key.map((column) => cellOf(table.schema, column)).join(", ");
  const winners = plan.groups.map((group, index) => {
    const condition = renderPresence(
      group.presence,
      group.columns.map((column) => cellOf(table.schema, column))[0] ?? "",
    );
    return `arg_max(_row, w${group.order})${condition === null ? "" : ` filter (where ${condition})`} as r${index}`;
  });
  const narrow = `with ${survivors} select ${winners.join(", ")} from u group by ${key}`;
  const isOneGroup = plan.groups.length === 1;
  const count = renderDistinctCount(plan.groups.map((_, index) => `r${index}`));
  return {
    findings: isOneGroup ? null : `select *, ${count} as winners from (${narrow}) as narrow`,
    renderRows: (findings) => renderRows(plan, table, { dialect, winners: isOneGroup ? `(${narrow})` : findings }),
    conflicts: plan.isUnionDistinct ? renderConflicts(dialect, plan, table) : null,
  };
}

function renderRows(
  plan: FoldPlan,
  table: ContributionTable,
  { dialect, winners }: { readonly dialect: MergeDialect; readonly winners: string },
): string {
  const columns = plan.columns.map((column) => {
    const group = groupOf(plan, column);
    const value =
      group < 0 ? `null::${dialect.store.renderType(column.type)}` : `g${group}.${cellOf(table.schema, column)}`;
    return `${value} as ${quoteIdentifier(column.name)}`;
  });
  const others = plan.groups
    .slice(1)
    .map((_, index) => ` left join ${table.name} as g${index + 1} on g${index + 1}.rowid = m.r${index + 1}`);
  return `select ${columns.join(", ")} from ${winners} as m join ${table.name} as g0 on g0.rowid = m.r0${others.join("")}`;
}

function groupOf(plan: FoldPlan, column: Column): number {
  if (plan.key.includes(column)) return 0;
  return plan.groups.findIndex((group) => group.columns.includes(column));
}
