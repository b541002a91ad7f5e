import { renderDuckdbType } from "../../exchange/column-types.ts";
import { quoteLiteral } from "../../exchange/quote.ts";
import type { MergeDialect } from "../merge/merge-dialect.ts";
import { duckdbDialect } from "./duckdb-dialect.ts";
import { renderDuckdbFold } from "./merge-fold.ts";

export const duckdbMergeDialect: MergeDialect = {
  store: duckdbDialect,
  begin: "begin transaction",
  lockCatalog: null,
  renderCellType: renderDuckdbType,
  presenceType: "bit",
  wideType: "hugeint",
  rowId: "rowid",
  renderIndexes: () => [],
  renderAnalyze: () => [],
  renderNormalized: (text) => `nfc_normalize(${text})`,
  renderHasNul: (text) => `contains(${text}, chr(0))`,
  renderBytes: (bytes) => `'${bytes.toString("hex").replaceAll(/../g, (byte) => `\\x${byte.toUpperCase()}`)}'::blob`,
  renderContainsName: (array, name) => `json_contains(${array}, ${quoteLiteral(JSON.stringify(name))})`,
  renderQuotient: (dividend, divisor) => `(${dividend} // ${divisor})`,
  renderElements: (select, relation, json) =>
    `select ${select}, ${duckdbDialect.renderJson("coalesce(element::varchar, 'null')")}::varchar as element from (select ${select}, unnest(case json_type(${json}) when 'ARRAY' then from_json(${json}, '["json"]') else [${json}] end) as element from ${relation}) as elements`,
  renderElementArray: (element) => `('[' || string_agg(${element}, ', ' order by ${element}) || ']')::json`,
  renderSampleBucket: (values, salt) => `hash(${[...values, String(salt)].join(", ")}) % 1000`,
  renderHex: (bytes) => `lower(hex(${bytes}))`,
  renderJsonRow: (cells) =>
    `json_object(${cells.map(({ name, value }) => `${quoteLiteral(name)}, ${value}`).join(", ")})::varchar`,
  renderFold: (plan, table) => renderDuckdbFold(duckdbMergeDialect, plan, table),
};
