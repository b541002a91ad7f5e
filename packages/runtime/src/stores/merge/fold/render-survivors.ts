import type { FoldPlan } from "@watersmeet/core/merge";
import { cellOf } from "../contribution-table.ts";
import type { ContributionTable, MergeDialect } from "../merge-dialect.ts";
import { renderInteger, renderOffsets, renderPackedToken, renderValueHash } from "./render-token.ts";

/** Where more batches than this are folded, what belongs to a batch is looked up in a list: a choice by cases takes longer with each of them. */
const maxCases = 32;

/**
 * Common table expressions. `e` is every contribution once, each with its tokens `w0`, `w1` … and, as `_row`, what tells it from others; `d` and `r`, where there are any, the
 * latest delete of each key and the latest retract of each source; `u`, the last, the upserts that those leave. Equal tokens do not occur in `e`: a batch has none, and where two
 * batches could have one the value hash is ranked in.
 */
export function renderSurvivors(dialect: MergeDialect, plan: FoldPlan, table: ContributionTable): string {
  const key = plan.key.map((column) => cellOf(table.schema, column));
  const steps = [...renderContributions(dialect, plan, table)];
  if (plan.maskOrder === null) return [...steps, "u as (select * from e)"].join(", ");
  const w = `w${plan.maskOrder}`;
  const matches = (alias: string) => key.map((cell) => `${alias}.${cell} = e.${cell}`).join(" and ");
  steps.push(`d as (select ${key.join(", ")}, max(${w}) as w from e where _op = 2 group by ${key.join(", ")})`);
  if (!plan.hasRetracts) {
    const later = `(d.w is null or e.${w} > d.w)`;
    steps.push(`u as (select e.* from e left join d on ${matches("d")} where coalesce(e._op, 0) = 0 and ${later})`);
    return steps.join(", ");
  }
  const by = [...key, "_source"].join(", ");
  const later = `(d.w is null or e.${w} > d.w) and (r.w is null or e.${w} > r.w)`;
  steps.push(
    `r as (select ${by}, max(${w}) as w from e where _op = 1 group by ${by})`,
    `u as (select e.* from e left join d on ${matches("d")} left join r on ${matches("r")} and r._source = e._source where coalesce(e._op, 0) = 0 and ${later})`,
  );
  return steps.join(", ");
}

/** Whether `renderFates` has something to tell: otherwise all contributions that are read are upserts, and each counts. */
export function hasHiddenFates(plan: FoldPlan): boolean {
  return plan.maskOrder !== null || plan.needsValueHash || plan.rows === "unionAll";
}

/** Of the contributions that are read, in one row: how many there are, how many of them once, how many upserts among those, how many survive, and how many deletes and retracts are in force. */
export function renderFates(dialect: MergeDialect, plan: FoldPlan, table: ContributionTable): string {
  const count = (from: string) => `(select count(*) from ${from})`;
  const deletes = plan.maskOrder === null ? "0" : count("d");
  const retracts = plan.maskOrder === null || !plan.hasRetracts ? "0" : count("r");
  return `with ${renderSurvivors(dialect, plan, table)} select (select count(*) ${renderFrom(plan, table, "")}) as total, ${count("e")} as distinct_total, ${count("e where coalesce(_op, 0) = 0")} as upserts, ${count("u")} as survivors, ${deletes} + ${retracts} as tombstones`;
}

function renderContributions(dialect: MergeDialect, plan: FoldPlan, table: ContributionTable): readonly string[] {
  const isListed = plan.batches.length > maxCases;
  const cells = table.schema.columns.map((_, index) => `c${index}`).join(", ");
  const needsSource = plan.hasRetracts || plan.rows === "keepConflicts";
  const source = needsSource ? [`${isListed ? "b.source" : renderSource(plan)} as _source`] : [];
  const tokens = plan.orders.map((order, index) => {
    const isEverywhereNothing = [...order.offsets.values()].every((offset) => offset === 0n);
    const listed = isEverywhereNothing ? null : `b.o${index}`;
    return `${renderPackedToken(dialect, order, isListed ? listed : renderOffsets(dialect, order))} as w${index}`;
  });
  const row = `t.${dialect.rowId} as _row`;
  const own = `select ${[row, "_batch", "_op", "_at", "_present", ...source, cells, ...tokens].join(", ")} ${renderFrom(plan, table, isListed ? " join b on b.number = t._batch" : "")}`;
  const batches = isListed ? [renderBatches(dialect, plan)] : [];
  const stratum = plan.rows === "keepConflicts" ? `, ${renderStratum(dialect, plan)} as _stratum` : "";
  // Every contribution of unionAll is a row, whatever its token.
  if (!plan.needsValueHash || plan.rows === "unionAll") {
    return stratum === ""
      ? [...batches, `e as (${own})`]
      : [...batches, `e0 as (${own})`, `e as (select *${stratum} from e0)`];
  }
  return [...batches, `e0 as (${own})`, ...renderRanks(dialect, plan, { table, stratum })];
}

function renderFrom(plan: FoldPlan, table: ContributionTable, join: string): string {
  const rejected = table.hasFaults ? " and _fault is null" : "";
  const copies = table.hasCopies && plan.rows !== "unionAll" ? " and _copy is null" : "";
  return `from ${table.name} as t${table.joined ?? ""}${join} where _batch in (${plan.batches.length === 0 ? "null" : plan.batches.join(", ")})${rejected}${copies}`;
}

/** What belongs to the batches: the number of its source, and what it amounts to in each order. */
function renderBatches(dialect: MergeDialect, plan: FoldPlan): string {
  const sources = new Map(plan.sources);
  const rows = plan.batches.map((batch) => {
    const offsets = plan.orders.map((order) => renderInteger(dialect, order, order.offsets.get(batch) ?? 0n));
    return `(${[batch, sources.get(batch) ?? 0, ...offsets].join(", ")})`;
  });
  const names = ["number", "source", ...plan.orders.map((_, index) => `o${index}`)];
  return `b as (select * from (values ${rows.join(", ")}) as b (${names.join(", ")}))`;
}

function renderStratum(dialect: MergeDialect, plan: FoldPlan): string {
  const [order] = plan.orders;
  return order.stratumSize === 1n
    ? "w0"
    : dialect.renderQuotient("w0", renderInteger(dialect, order, order.stratumSize));
}

/** Tokens again, with the value hash ranked in, so that they are unique; of contributions with the same one, delivered in several batches, one is left. */
function renderRanks(
  dialect: MergeDialect,
  plan: FoldPlan,
  { table, stratum }: { readonly table: ContributionTable; readonly stratum: string },
): readonly string[] {
  const key = plan.key.map((column) => cellOf(table.schema, column)).join(", ");
  const tokens = plan.orders.map((_, index) => `w${index}`);
  const again = `row_number() over (partition by ${key}, ${tokens.join(", ")}, _hash order by _row) as _again`;
  const kept = ["_row", "_batch", "_op", "_present"];
  if (plan.hasRetracts || plan.rows === "keepConflicts") kept.push("_source");
  const cells = table.schema.columns.map((_, index) => `c${index}`);
  const ranks = tokens.map((token) => `row_number() over (partition by ${key} order by ${token}, _hash) as ${token}`);
  return [
    `e1 as (select *, ${renderValueHash(dialect, plan, table)} as _hash${stratum} from e0)`,
    `e2 as (select *, ${again} from e1)`,
    `e as (select ${[...kept, ...cells, ...ranks].join(", ")}${stratum === "" ? "" : ", _stratum"} from e2 where _again = 1)`,
  ];
}

/** A number for the source of a contribution: sources are told apart by their batches. */
function renderSource(plan: FoldPlan): string {
  if (plan.sources.length === 0) return "null::integer";
  const cases = plan.sources.map(([batch, source]) => `when ${batch} then ${source}`).join(" ");
  return `case _batch ${cases} end`;
}

/** Of the distinct contributions among those that a row's cells come from, how many: `ids` name them, the first is never NULL. */
export function renderDistinctCount(ids: readonly string[]): string {
  const added = ids.slice(1).map((id, index) => {
    const earlier = ids.slice(0, index + 1).map((other) => `${id} is distinct from ${other}`);
    return `(case when ${id} is not null and ${earlier.join(" and ")} then 1 else 0 end)`;
  });
  return ["1", ...added].join(" + ");
}
