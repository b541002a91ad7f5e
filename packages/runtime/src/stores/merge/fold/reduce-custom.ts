import { join } from "node:path";
import { WatersmeetError } from "@watersmeet/core/errors";
import type { FoldPlan } from "@watersmeet/core/merge";
import type { Column } from "@watersmeet/core/schema";
import { quoteIdentifier } from "../../../exchange/quote.ts";
import type { MergeStageHost } from "../../merge-seam.ts";
import type { MergeFunctions } from "../../port/staged-merge.ts";
import { cellOf } from "../contribution-table.ts";
import type { ContributionTable, MergeDialect } from "../merge-dialect.ts";
import { renderSurvivors } from "./render-survivors.ts";
import { renderPresence } from "./render-token.ts";

/** What has the author's functions join values. */
export interface ReduceWork {
  readonly dialect: MergeDialect;
  readonly host: MergeStageHost;
  readonly functions: MergeFunctions | undefined;
  readonly plan: FoldPlan;
  readonly table: ContributionTable;
  /** A SELECT of the rows, in which the custom columns are as if they were recency first. */
  readonly rows: string;
  /** Ends the names of working tables and files, for a second reduction in an attempt. @default "" */
  readonly suffix?: string;
}

/** Has a child join the values of each column with the policy `custom`. Answers a SELECT of the rows with what came of it. */
export async function reduceCustom(work: ReduceWork): Promise<string> {
  const { functions, host, plan, suffix = "" } = work;
  if (plan.custom.length === 0) return work.rows;
  if (functions === undefined) {
    throw new WatersmeetError(
      "MERGE_POLICY_INVALID",
      `${host.target.asset.key} has custom columns, and there is nothing that calls their functions`,
      { hint: "Run the merge as a step: its functions are the author's code." },
    );
  }
  const joins: { readonly column: Column; readonly candidates: string; readonly reduced: string }[] = [];
  for (const [index, column] of plan.custom.entries()) {
    const candidates = host.stagingTable(`cand${index}${suffix}`);
    await host.session.run(`${host.createStagingTable} ${candidates} as ${renderCandidates(work, column)}`);
    const file = await host.exportRows({
      select: `select _group, value from ${candidates} order by _group, w`,
      schema: { columns: [groupColumn, { ...column, name: "value", isNullable: true, nullAs: "null" }] },
      path: join(functions.directory, `reduce-${index}${suffix}`),
    });
    const reduced = host.stagingTable(`red${index}${suffix}`);
    await host.importRows(reduced, await functions.reduce({ column: column.name, file }));
    joins.push({ column, candidates, reduced });
  }
  return renderReduced(work, joins);
}

const groupColumn: Column = { name: "_group", type: { kind: "bigint" }, isNullable: false, nullAs: "null" };

/** Values of a column by key, with their recency-first tokens; NULL says nothing. */
function renderCandidates({ dialect, plan, table }: ReduceWork, column: Column): string {
  const cell = cellOf(table.schema, column);
  const key = plan.key.map((one) => cellOf(table.schema, one));
  const named = plan.key.map((one) => `${cellOf(table.schema, one)} as ${quoteIdentifier(`k_${one.name}`)}`);
  const said = plan.said.find((one) => one.column === column);
  const present = said === undefined ? null : renderPresence(said.presence, cell);
  const order = plan.groups.find((group) => group.columns.includes(column))?.order ?? 0;
  const speaks = [`${cell} is not null`, ...(present === null ? [] : [present])].join(" and ");
  return `with ${renderSurvivors(dialect, plan, table)} select dense_rank() over (order by ${key.join(", ")}) as _group, w${order} as w, ${cell} as value, ${named.join(", ")} from u where ${speaks}`;
}

function renderReduced(
  { plan, rows }: ReduceWork,
  joins: readonly { readonly column: Column; readonly candidates: string; readonly reduced: string }[],
): string {
  const columns = plan.columns.map((column) => {
    const index = joins.findIndex((one) => one.column === column);
    return `${index < 0 ? "f" : `r${index}`}.${quoteIdentifier(index < 0 ? column.name : "value")} as ${quoteIdentifier(column.name)}`;
  });
  const key = plan.key.map(({ name }) => ({
    own: `f.${quoteIdentifier(name)}`,
    candidate: quoteIdentifier(`k_${name}`),
  }));
  const joined = joins.map(({ candidates, reduced }, index) => {
    const group = `(select distinct _group, ${key.map(({ candidate }) => candidate).join(", ")} from ${candidates}) as k${index}`;
    const same = key.map(({ own, candidate }) => `k${index}.${candidate} = ${own}`).join(" and ");
    return `left join ${group} on ${same} left join ${reduced} as r${index} on r${index}._group = k${index}._group`;
  });
  return `select ${columns.join(", ")} from (${rows}) as f ${joined.join(" ")}`;
}
