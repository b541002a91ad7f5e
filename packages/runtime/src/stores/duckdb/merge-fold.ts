import type { FoldPlan } from "@watersmeet/core/merge";
import type { Column } from "@watersmeet/core/schema";
import { quoteIdentifier } from "../../exchange/quote.ts";
import { cellOf } from "../merge/contribution-table.ts";
import {
  renderAggregated,
  renderAggregates,
  renderOverflows,
  renderWinnerCount,
} from "../merge/fold/render-aggregates.ts";
import { renderConflicts } from "../merge/fold/render-conflicts.ts";
import { renderDistinctCount, renderSurvivors } from "../merge/fold/render-survivors.ts";
import { renderPresence } from "../merge/fold/render-token.ts";
import { renderOwnCell, renderWholeRows } from "../merge/fold/render-whole-rows.ts";
import type { ContributionTable, MergeDialect, RenderedFold } from "../merge/merge-dialect.ts";

/**
 * Narrow winners, then their rows by rowid: a group of columns needs one `arg_max(rowid, token)`, whose state has a fixed size, and no window sorts wide rows.
 * Measured on 3 × 1M contributions of 8 columns: 0.85 s for one group and 1.05 s for two, against 1.06 s for `row_number() = 1` over plain columns
 * (one group) and 1.3 to 1.9 s for `arg_max_null` per column (two).
 */
export function renderDuckdbFold(dialect: MergeDialect, plan: FoldPlan, table: ContributionTable): RenderedFold {
  const whole = renderWholeRows(dialect, plan, table);
  if (whole !== null)
    return {
      findings: null,
      renderRows: () => whole,
      renderWinners: () => null,
      renderOverflows: () => null,
      conflicts: null,
    };
  const narrow = renderNarrow(dialect, plan, table);
  const isOneGroup = plan.groups.length === 1 && plan.aggregates.length === 0;
  const count = renderDistinctCount(plan.groups.map((_, index) => `r${index}`));
  return {
    findings: isOneGroup ? null : `select *, ${count} as winners from (${narrow}) as narrow`,
    renderRows: (findings) => renderRows(plan, table, { dialect, winners: isOneGroup ? `(${narrow})` : findings }),
    renderWinners: (findings) => {
      if (plan.aggregates.length > 0 || plan.custom.length > 0) return renderWinnerCount(dialect, plan, table);
      return isOneGroup ? null : `select coalesce(sum(winners), 0) as winners from ${findings}`;
    },
    renderOverflows: (findings) => renderOverflows(plan, findings),
    conflicts: plan.isUnionDistinct ? renderConflicts(dialect, plan, table) : null,
  };
}

/** For each key: the row ids `r0`, `r1` … that its groups of columns come from, and what is worked out from many, `a0`, `a1` … */
function renderNarrow(dialect: MergeDialect, plan: FoldPlan, table: ContributionTable): string {
  const survivors = renderSurvivors(dialect, plan, table);
  const key = plan.key.map((column) => cellOf(table.schema, column)).join(", ");
  const winners = plan.groups.map((group, index) => {
    const condition = renderPresence(
      group.presence,
      group.columns.map((column) => cellOf(table.schema, column))[0] ?? "",
    );
    const best = group.picks === "least" ? "arg_min" : "arg_max";
    return `${best}(_row, w${group.order})${condition === null ? "" : ` filter (where ${condition})`} as r${index}`;
  });
  const { steps, values, joins, joined } = renderAggregates(dialect, plan, table);
  if (joins.length === 0)
    return `with ${survivors} select ${[...winners, ...values].join(", ")} from u group by ${key}`;
  const ids = plan.groups.map((_, index) => `n.r${index}`);
  const grouped = `n as (select ${key}, ${[...winners, ...values].join(", ")} from u group by ${key})`;
  return `with ${[survivors, ...steps, grouped].join(", ")} select ${[...ids, ...joined].join(", ")} from n ${joins.join(" ")}`;
}

function renderRows(
  plan: FoldPlan,
  table: ContributionTable,
  { dialect, winners }: { readonly dialect: MergeDialect; readonly winners: string },
): string {
  const columns = plan.columns.map((column) => {
    const aggregate = plan.aggregates.findIndex((one) => one.column === column);
    const one = plan.aggregates[aggregate];
    const value =
      one === undefined
        ? renderCell(dialect, plan, { column, table })
        : renderAggregated(dialect, one, `m.a${aggregate}`);
    return `${value} as ${quoteIdentifier(column.name)}`;
  });
  const others = plan.groups
    .slice(1)
    .map((_, index) => ` left join ${table.name} as g${index + 1} on g${index + 1}.rowid = m.r${index + 1}`);
  return `select ${columns.join(", ")} from ${winners} as m join ${table.name} as g0 on g0.rowid = m.r0${others.join("")}`;
}

function renderCell(
  dialect: MergeDialect,
  plan: FoldPlan,
  place: { readonly column: Column; readonly table: ContributionTable },
): string {
  const { column } = place;
  const group = plan.key.includes(column) ? 0 : plan.groups.findIndex((one) => one.columns.includes(column));
  const own = renderOwnCell(dialect, plan, place);
  return group < 0 ? own : `g${group}.${own}`;
}
