import type { FoldPlan } from "@watersmeet/core/merge";
import { cellOf } from "./contribution-table.ts";
import type { ContributionTable, MergeDialect } from "./merge-dialect.ts";
import { renderPackedToken, renderValueHash } from "./render-token.ts";

/**
 * Common table expressions, the last named `u`: the upserts that deletes and retracts leave, each with its tokens `w0`, `w1` … and, as `_row`, what tells it
 * from others. Equal tokens do not occur in it: a batch has none, and where two batches could have one the value hash is ranked in.
 */
export function renderSurvivors(dialect: MergeDialect, plan: FoldPlan, table: ContributionTable): string {
  const key = plan.key.map((column) => cellOf(table.schema, column));
  const tokens = plan.orders.map((order, index) => `${renderPackedToken(dialect, order)} as w${index}`);
  const rejected = table.hasFaults ? " and _fault is null" : "";
  const from = `from ${table.name} where _batch in (${plan.batches.length === 0 ? "null" : plan.batches.join(", ")})${rejected}`;
  const own = `${dialect.rowId} as _row, _batch, _op, _present, ${table.schema.columns.map((_, index) => `c${index}`).join(", ")}`;
  const steps = [`e0 as (select ${own}, ${tokens.join(", ")} ${from})`];
  if (plan.needsValueHash) steps.push(...renderRanks(dialect, plan, table));
  const last = plan.needsValueHash ? "e2" : "e0";
  if (plan.maskOrder === null) return `${[...steps].join(", ")}, u as (select * from ${last})`;
  const w = `w${plan.maskOrder}`;
  const matches = (alias: string) => key.map((cell) => `${alias}.${cell} = e.${cell}`).join(" and ");
  steps.push(`d as (select ${key.join(", ")}, max(${w}) as w from ${last} where _op = 2 group by ${key.join(", ")})`);
  if (!plan.hasRetracts) {
    return `${steps.join(", ")}, u as (select e.* from ${last} e left join d on ${matches("d")} where coalesce(e._op, 0) = 0 and (d.w is null or e.${w} > d.w))`;
  }
  const source = renderSource(plan);
  steps.push(
    `r as (select ${key.join(", ")}, ${source("")} as source, max(${w}) as w from ${last} where _op = 1 group by ${key.join(", ")}, ${source("")})`,
  );
  return `${steps.join(", ")}, u as (select e.* from ${last} e left join d on ${matches("d")} left join r on ${matches("r")} and r.source = ${source("e.")} where coalesce(e._op, 0) = 0 and (d.w is null or e.${w} > d.w) and (r.w is null or e.${w} > r.w))`;
}

/** Tokens again, with the value hash ranked in, so that they are unique. */
function renderRanks(dialect: MergeDialect, plan: FoldPlan, table: ContributionTable): readonly string[] {
  const key = plan.key.map((column) => cellOf(table.schema, column)).join(", ");
  const cells = `_row, _batch, _op, _present, ${table.schema.columns.map((_, index) => `c${index}`).join(", ")}`;
  const ranks = plan.orders.map(
    (_, index) => `row_number() over (partition by ${key} order by w${index}, _hash) as w${index}`,
  );
  return [
    `e1 as (select *, ${renderValueHash(dialect, plan, table)} as _hash from e0)`,
    `e2 as (select ${cells}, ${ranks.join(", ")} from e1)`,
  ];
}

/** A number for the source of a contribution: sources are told apart by their batches. */
function renderSource(plan: FoldPlan): (alias: string) => string {
  const cases = plan.sources.map(([batch, source]) => `when ${batch} then ${source}`).join(" ");
  return (alias) => `case ${alias}_batch ${cases} end`;
}

/** Of the distinct contributions among those that a row's cells come from, how many: `ids` name them, the first is never NULL. */
export function renderDistinctCount(ids: readonly string[]): string {
  const added = ids.slice(1).map((id, index) => {
    const earlier = ids.slice(0, index + 1).map((other) => `${id} is distinct from ${other}`);
    return `(case when ${id} is not null and ${earlier.join(" and ")} then 1 else 0 end)`;
  });
  return ["1", ...added].join(" + ");
}
