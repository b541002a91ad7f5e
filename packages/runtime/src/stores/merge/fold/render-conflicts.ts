import type { FoldPlan } from "@watersmeet/core/merge";
import type { Column } from "@watersmeet/core/schema";
import { cellOf } from "../contribution-table.ts";
import type { ContributionTable, MergeDialect } from "../merge-dialect.ts";
import { renderSurvivors } from "./render-survivors.ts";
import { renderPresence } from "./render-token.ts";

const shownKeys = 10;

/** Keys with two rows that say different things of a column that both carry, as a JSON object each. */
export function renderConflicts(dialect: MergeDialect, plan: FoldPlan, table: ContributionTable): string {
  const key = plan.key.map((column) => cellOf(table.schema, column));
  const conditions = plan.groups.flatMap((group) =>
    group.columns.map((column) => {
      const cell = cellOf(table.schema, column);
      const present = renderPresence(group.presence, cell);
      const only = (aggregate: string) => (present === null ? aggregate : `${aggregate} filter (where ${present})`);
      const comparable = renderComparable(column, cell);
      return `(${only(`min(${comparable})`)} <> ${only(`max(${comparable})`)} or ${only(`count(${cell})`)} not in (0, ${only("count(*)")}))`;
    }),
  );
  if (conditions.length === 0) return `select null as key_json where false`;
  const json = dialect.renderJsonRow(
    plan.key.map((column) => ({ name: column.name, value: cellOf(table.schema, column) })),
  );
  return `with ${renderSurvivors(dialect, plan, table)} select ${json} as key_json from u group by ${key.join(", ")} having ${conditions.join(" or ")} order by ${key.join(", ")} limit ${shownKeys}`;
}

/** Booleans and JSON have no least and greatest in Postgres. */
function renderComparable({ type }: Column, cell: string): string {
  if (type.kind === "boolean") return `${cell}::integer`;
  return type.kind === "json" ? `${cell}::varchar` : cell;
}
