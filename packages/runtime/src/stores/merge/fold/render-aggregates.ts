import { greatestSum, type AggregateCell, type FoldPlan } from "@watersmeet/core/merge";
import type { Column, ColumnType } from "@watersmeet/core/schema";
import { quoteLiteral } from "../../../exchange/quote.ts";
import { cellOf } from "../contribution-table.ts";
import type { ContributionTable, MergeDialect } from "../merge-dialect.ts";
import { renderSurvivors } from "./render-survivors.ts";
import { renderPresence } from "./render-token.ts";

/** How the columns of a plan that are worked out from many values are computed. */
export interface RenderedAggregates {
  /** Common table expressions, one for each that needs one, to be named after `u`. */
  readonly steps: readonly string[];
  /** Aggregates over `u`, grouped by key, named `a0`, `a1` … in the order of the plan. A sum has a type wider than its column. */
  readonly values: readonly string[];
  /** What of it is replaced by what a step found; `joins` bring the steps in, beside a relation `n` that has the key. */
  readonly joins: readonly string[];
  readonly joined: readonly string[];
}

export function renderAggregates(dialect: MergeDialect, plan: FoldPlan, table: ContributionTable): RenderedAggregates {
  const key = plan.key.map((column) => cellOf(table.schema, column));
  const sets = plan.aggregates.flatMap((aggregate, index) =>
    aggregate.policy === "setUnion" ? [{ aggregate, index }] : [],
  );
  return {
    steps: sets.map(({ aggregate, index }) => {
      const speaking = `select * from u where ${renderSpeaks(table, aggregate)}`;
      const elements = dialect.renderElements(
        key.join(", "),
        `(${speaking}) as speaking`,
        cellOf(table.schema, aggregate.column),
      );
      return `s${index} as (select ${key.join(", ")}, ${dialect.renderElementArray("element")} as a${index} from (select distinct * from (${elements}) as elements) as distinct_elements group by ${key.join(", ")})`;
    }),
    values: plan.aggregates.map((aggregate, index) => `${renderValue(table, aggregate)} as a${index}`),
    joins: sets.map(
      ({ index }) => `left join s${index} on ${key.map((cell) => `s${index}.${cell} = n.${cell}`).join(" and ")}`,
    ),
    joined: plan.aggregates.map(({ policy, column }, index) => {
      const type = dialect.store.renderType(column.type);
      const set = `case when n.a${index} > 0 then coalesce(s${index}.a${index}, '[]'::${type}) end`;
      return `${policy === "setUnion" ? set : `n.a${index}`} as a${index}`;
    }),
  };
}

/** The cell of an aggregate's column, from the value that `renderAggregates` found. */
export function renderAggregated(dialect: MergeDialect, { column, policy }: AggregateCell, value: string): string {
  return policy === "setUnion" ? value : `${value}::${dialect.store.renderType(column.type)}`;
}

/** A set is found by a step of its own; what is counted here tells that nobody says anything from a set without elements. */
function renderValue(table: ContributionTable, { column, policy, presence }: AggregateCell): string {
  const cell = cellOf(table.schema, column);
  const present = renderPresence(presence, cell);
  const only = present === null ? "" : ` filter (where ${present})`;
  if (policy === "setUnion" || policy === "count") return `count(${cell})${only}`;
  // Booleans have no least and greatest in Postgres.
  return `${policy}(${column.type.kind === "boolean" ? `${cell}::integer` : cell})${only}`;
}

function renderSpeaks(
  table: ContributionTable,
  { column, presence }: Pick<AggregateCell, "column" | "presence">,
): string {
  const cell = cellOf(table.schema, column);
  const present = renderPresence(presence, cell);
  return present === null ? `${cell} is not null` : `${present} and ${cell} is not null`;
}

/** How many contributions have a part in the rows, as `winners`, where columns are worked out from many. */
export function renderWinnerCount(dialect: MergeDialect, plan: FoldPlan, table: ContributionTable): string {
  const key = plan.key.map((column) => cellOf(table.schema, column)).join(", ");
  const isChosen = (column: Column) => !plan.custom.includes(column);
  const chosen = plan.groups
    .filter((group, index) => index === 0 || group.columns.some(isChosen))
    .map((group) => {
      const present =
        renderPresence(group.presence, group.columns.map((column) => cellOf(table.schema, column))[0] ?? "") ?? "true";
      const only = `case when ${present} then w${group.order} end`;
      return `coalesce(${only} = ${group.picks === "least" ? "min" : "max"}(${only}) over (partition by ${key}), false)`;
    });
  const speaking = plan.aggregates.map((aggregate) => {
    const speaks = renderSpeaks(table, aggregate);
    if (aggregate.policy !== "min" && aggregate.policy !== "max") return speaks;
    const cell = cellOf(table.schema, aggregate.column);
    const value = `case when ${speaks} then ${cell} end ${aggregate.policy === "max" ? "desc" : ""} nulls last`;
    return `(${speaks} and row_number() over (partition by ${key} order by ${value}, w${aggregate.order} desc) = 1)`;
  });
  const joined = plan.said
    .filter(({ column }) => plan.custom.includes(column))
    .map((said) => renderSpeaks(table, said));
  const flags = [...chosen, ...speaking, ...joined].map((flag, index) => `${flag} as f${index}`);
  const any = flags.map((_, index) => `f${index}`).join(" or ");
  return `with ${renderSurvivors(dialect, plan, table)} select count(*) as winners from (select ${flags.join(", ")} from u) as flagged where ${any}`;
}

/** Sums that are greater than their column can hold, as `column_name` and `sum`. */
export function renderOverflows(plan: FoldPlan, findings: string): string | null {
  const selects = plan.aggregates.flatMap(({ column, policy }, index) => {
    const limit = policy === "sum" ? greatestSum(column.type) : null;
    if (limit === null) return [];
    const bound = renderUnits(limit, column.type);
    return [
      `select ${quoteLiteral(column.name)} as column_name, a${index}::varchar as sum from ${findings} where a${index} > ${bound} or a${index} < -${bound}`,
    ];
  });
  return selects.length === 0 ? null : `${selects.join(" union all ")} limit 1`;
}

function renderUnits(units: bigint, type: ColumnType): string {
  if (type.kind !== "decimal" || type.scale === 0) return String(units);
  const digits = String(units).padStart(type.scale + 1, "0");
  return `${digits.slice(0, -type.scale)}.${digits.slice(-type.scale)}`;
}
