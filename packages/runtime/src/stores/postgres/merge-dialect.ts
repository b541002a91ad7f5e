import { quoteLiteral } from "../../exchange/quote.ts";
import type { Dialect } from "../dialect.ts";
import type { MergeDialect } from "../merge/merge-dialect.ts";
import { renderPostgresFold } from "./merge-fold.ts";
import { renderPgType } from "./pg-dialect.ts";

export function createPgMergeDialect(store: Dialect): MergeDialect {
  const dialect: MergeDialect = {
    store,
    begin: "begin isolation level repeatable read",
    // An arbitrary number that stands for these tables.
    lockCatalog: "select pg_advisory_xact_lock(7283910046)",
    renderCellType: (type) => (type.kind === "text" ? `text collate "C"` : renderPgType(type)),
    presenceType: "bit varying",
    wideType: "numeric",
    rowId: "ctid",
    // A summary by ranges of pages (brin) takes less room, but is only made by a vacuum: until then a small batch is found by reading all others.
    renderIndexes: (table) => [`create index if not exists ${quoteIndex(table)} on ${table} (_batch)`],
    renderAnalyze: (table) => [`analyze ${table}`],
    renderNormalized: (text) =>
      `case when octet_length(${text}) = char_length(${text}) then ${text} else normalize(${text}, nfc) end`,
    renderHasNul: () => null,
    renderBytes: (bytes) => `'\\x${bytes.toString("hex")}'::bytea`,
    renderContainsName: (array, name) => `jsonb_exists(${array}, ${quoteLiteral(name)})`,
    renderQuotient: (dividend, divisor) => `div(${dividend}, ${divisor})`,
    renderElements: (select, relation, json) =>
      `select ${select}, element::text collate "C" as element from ${relation} cross join lateral jsonb_array_elements(case jsonb_typeof(${json}) when 'array' then ${json} else jsonb_build_array(${json}) end) as of_array (element)`,
    renderElementArray: (element) => `('[' || string_agg(${element}, ', ' order by ${element}) || ']')::jsonb`,
    renderSampleBucket: (values, salt) => `abs(hash_record_extended(row(${values.join(", ")}), ${salt}) % 1000)`,
    renderHex: (bytes) => `encode(${bytes}, 'hex')`,
    renderJsonRow: (cells) => renderJsonObject(cells),
    renderFold: (plan, table) => renderPostgresFold(dialect, plan, table),
  };
  return dialect;
}

/** A function takes at most a hundred arguments, so wide rows are built in parts. */
function renderJsonObject(cells: readonly { readonly name: string; readonly value: string }[]): string {
  const parts: string[] = [];
  for (let from = 0; from < Math.max(cells.length, 1); from += 40) {
    const members = cells.slice(from, from + 40).map(({ name, value }) => `${quoteLiteral(name)}, ${value}`);
    parts.push(`jsonb_build_object(${members.join(", ")})`);
  }
  return `(${parts.join(" || ")})::text`;
}

function quoteIndex(table: string): string {
  return `"${table.replaceAll(/^.*[.]|"/g, "")}_batch"`;
}
