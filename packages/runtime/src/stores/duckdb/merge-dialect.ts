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
  renderNormalized: (text) => `nfc_normalize(${text})`,
  renderHasNul: (text) => `contains(${text}, chr(0))`,
  renderBytes: (bytes) => `'${bytes.toString("hex").replaceAll(/../g, (byte) => `\\x${byte.toUpperCase()}`)}'::blob`,
  renderJsonRow: (cells) =>
    `json_object(${cells.map(({ name, value }) => `${quoteLiteral(name)}, ${value}`).join(", ")})::varchar`,
  renderFold: (plan, table) => renderDuckdbFold(duckdbMergeDialect, plan, table),
};
