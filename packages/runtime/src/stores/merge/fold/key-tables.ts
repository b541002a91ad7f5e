import { keyColumns, type MergeSpec } from "@watersmeet/core/merge";
import { quoteIdentifier } from "../../../exchange/quote.ts";
import { cellOf } from "../contribution-table.ts";

/** The distinct keys of contributions, under their names; `condition` says which. `contributions` is a SELECT. */
export function renderKeys(spec: MergeSpec, contributions: string, condition = "true"): string {
  const names = keyColumns(spec.schema, spec.policy.key).map(
    (column) => `${cellOf(spec.schema, column)} as ${quoteIdentifier(column.name)}`,
  );
  return `select distinct ${names.join(", ")} from (${contributions}) as t where _fault is null and ${condition}`;
}

/**
 * Restricts contributions `t` to a table of distinct keys. DuckDB looks into a join's other side with what it knows of them; a semi join would read all cells of all
 * contributions: four times as slow.
 */
export function renderJoinKeys(spec: MergeSpec, keys: string): string {
  const columns = keyColumns(spec.schema, spec.policy.key);
  const list = columns.map(({ name }, index) => `${quoteIdentifier(name)} as k${index}`).join(", ");
  const same = columns.map((column, index) => `k.k${index} = t.${cellOf(spec.schema, column)}`);
  return ` join (select ${list} from ${keys}) as k on ${same.join(" and ")}`;
}
