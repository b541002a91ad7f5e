import { unreachable } from "@watersmeet/core/errors";
import type { ColumnType } from "@watersmeet/core/schema";
import { renderDuckdbType } from "../../exchange/column-types.ts";
import { quoteIdentifier, quoteLiteral } from "../../exchange/quote.ts";
import type { Dialect } from "../dialect.ts";
import type { MeasureDialect } from "../render-measure.ts";

export const duckdbDialect: Dialect & MeasureDialect = {
  kind: "duckdb",
  renderType: renderDuckdbType,
  renderEpochMicros: (expression) => `epoch_us(${expression})`,
  renderView: (asset) => `main.${quoteIdentifier(asset)}`,
  renderCanonical,
  renderHash: (bytes) => `sha256(${bytes})`,
  renderHashSum: (hash, half) => `sum(('0x' || ${hash}[${half * 16 + 1}:${half * 16 + 16}])::ubigint)`,
  renderByteLength: (bytes) => `octet_length(${bytes})`,
  renderTextLength: (quoted) =>
    `(case when strlen(${quoted}) = length(${quoted}) then length(${quoted}) else length(${quoted}) + length(regexp_replace(${quoted}, '[^\\x{10000}-\\x{10FFFF}]', '', 'g')) end)`,
  renderPatternMatch: (quoted, pattern) => `regexp_matches(${quoted}, ${quoteLiteral(pattern)})`,
  renderIsFinite: (quoted) => `isfinite(${quoted})`,
};

function renderCanonical(quoted: string, type: ColumnType): string {
  switch (type.kind) {
    case "integer":
    case "bigint":
      return fixed(`${quoted}::bit::blob`);
    case "double":
      return fixed(`(${quoted} + 0.0::double)::bit::blob`);
    case "boolean":
      return `case when ${quoted} is null then '\\x00'::blob when ${quoted} then '\\x01\\x01'::blob else '\\x01\\x00'::blob end`;
    case "date":
      return fixed(`(${quoted} - date '2000-01-01')::integer::bit::blob`);
    case "timestamp":
      return fixed(`(epoch_us(${quoted}) - 946684800000000)::bit::blob`);
    case "text":
    case "json":
    case "decimal": {
      const text = type.kind === "text" ? quoted : `${quoted}::varchar`;
      return `coalesce(strlen(${text})::integer::bit::blob || encode(${text}), '\\xFF\\xFF\\xFF\\xFF'::blob)`;
    }
    default:
      return unreachable(type);
  }
}

function fixed(bytes: string): string {
  return `coalesce('\\x01'::blob || ${bytes}, '\\x00'::blob)`;
}
