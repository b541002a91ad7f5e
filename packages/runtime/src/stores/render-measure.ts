import { unreachable } from "@watersmeet/core/errors";
import type { Check, RowPredicate } from "@watersmeet/core/gate";
import { canonicalColumns, type ColumnType, type RowSchema } from "@watersmeet/core/schema";
import type { Json } from "@watersmeet/core/values";
import { quoteIdentifier, quoteLiteral, renderColumnNames } from "../exchange/quote.ts";

/** The functions and casts that measuring needs, as each engine spells them. */
export interface MeasureDialect {
  renderType(type: ColumnType): string;
  /** Canonical bytes of one column's value, per `core/src/schema/canonical-row.ts`. */
  renderCanonical(quoted: string, type: ColumnType): string;
  /** SHA-256 of bytes, in whatever form `renderHashSum` takes. */
  renderHash(bytes: string): string;
  /** Sum over bytes 0-7 (0) or 8-15 (1) of a hash, as text. */
  renderHashSum(hash: string, half: 0 | 1): string;
  renderByteLength(bytes: string): string;
  /** Length in UTF-16 units, as JavaScript counts. */
  renderTextLength(quoted: string): string;
  renderPatternMatch(quoted: string, pattern: string): string;
  renderIsFinite(quoted: string): string;
}

/** `source` is an item of FROM without an alias. One pass over staged rows: `row_count`, `size_bytes`, `sum_0`, `sum_1`, and `failed_<i>` for each check. */
export function renderMeasure(
  dialect: MeasureDialect,
  schema: RowSchema,
  source: string,
  checks: readonly Check[],
): string {
  const bytes = canonicalColumns(schema)
    .map(({ name, type }) => dialect.renderCanonical(quoteIdentifier(name), type))
    .join(" || ");
  const rowChecks = checks.flatMap((check, index) =>
    check.kind === "row"
      ? [{ name: `failed_${index}`, condition: `not (${renderPredicate(dialect, schema, check.predicate)})` }]
      : [],
  );
  const counts = rowChecks.map(({ name, condition }) => `, count(*) filter (where ${condition}) as ${name}`).join("");
  const keys = checks.flatMap((check, index) =>
    check.kind === "uniqueKey" ? [`, (${renderDuplicateCount(source, check.columns)}) as failed_${index}`] : [],
  );
  const carried = renderColumnNames(schema.columns);
  return `select count(*) as row_count, coalesce(sum(size), 0) as size_bytes, coalesce(${dialect.renderHashSum("hash", 0)}, 0) as sum_0, coalesce(${dialect.renderHashSum("hash", 1)}, 0) as sum_1${counts}${keys.join("")} from (select ${carried}, ${dialect.renderByteLength("bytes")} as size, ${dialect.renderHash("bytes")} as hash from (select ${carried}, ${bytes} as bytes from ${source} as s) canonical) hashed`;
}

/** Rows that share their key with another row. */
function renderDuplicateCount(source: string, columns: readonly string[]): string {
  const key = columns.map(quoteIdentifier).join(", ");
  return `select coalesce(sum(same), 0) from (select count(*) as same from ${source} as s group by ${key} having count(*) > 1) duplicates`;
}

/** Some of the rows that fail a check, columns in schema order, in a stable order. */
export function renderSample(
  dialect: MeasureDialect,
  schema: RowSchema,
  source: string,
  check: Check,
  limit: number,
): string {
  const names = renderColumnNames(schema.columns);
  const orderable = schema.columns.filter((column) => column.type.kind !== "json");
  const order = orderable.length === 0 ? "" : ` order by ${renderColumnNames(orderable)}`;
  if (check.kind === "row")
    return `select ${names} from ${source} as s where not (${renderPredicate(dialect, schema, check.predicate)})${order} limit ${limit}`;
  const key = check.columns.map(quoteIdentifier).join(", ");
  const qualified = schema.columns.map((column) => `s.${quoteIdentifier(column.name)}`).join(", ");
  const matches = check.columns
    .map((column) => `s.${quoteIdentifier(column)} is not distinct from d.${quoteIdentifier(column)}`)
    .join(" and ");
  const sorted =
    orderable.length === 0
      ? ""
      : ` order by ${orderable.map((column) => `s.${quoteIdentifier(column.name)}`).join(", ")}`;
  return `select ${qualified} from ${source} as s join (select ${key} from ${source} as s group by ${key} having count(*) > 1) d on ${matches}${sorted} limit ${limit}`;
}

/** A condition that is true or false, never unknown. A NULL passes every predicate but `notNull`: whether it may be NULL is that one's question. */
export function renderPredicate(dialect: MeasureDialect, schema: RowSchema, predicate: RowPredicate): string {
  const quoted = quoteIdentifier(predicate.column);
  if (predicate.kind === "notNull") return `${quoted} is not null`;
  const type = schema.columns.find((column) => column.name === predicate.column)?.type;
  if (type === undefined) throw new TypeError(`A check names the column "${predicate.column}", which the schema lacks`);
  return `(${quoted} is null or coalesce(${renderCondition(dialect, quoted, type, predicate)}, false))`;
}

function renderCondition(
  dialect: MeasureDialect,
  quoted: string,
  type: ColumnType,
  predicate: Exclude<RowPredicate, { readonly kind: "notNull" }>,
): string {
  switch (predicate.kind) {
    case "oneOf":
      return predicate.values.length === 0
        ? "false"
        : `${quoted} in (${predicate.values.map(quoteLiteral).join(", ")})`;
    case "textLength": {
      const length = dialect.renderTextLength(quoted);
      return and([
        predicate.min === null ? null : `${length} >= ${predicate.min}`,
        predicate.max === null ? null : `${length} <= ${predicate.max}`,
      ]);
    }
    case "textPattern":
      return dialect.renderPatternMatch(quoted, predicate.pattern);
    case "range":
      return and([
        // NaN is greater than everything in both engines, and no number to zod.
        type.kind === "double" ? `${quoted} <> 'NaN'::${dialect.renderType(type)}` : null,
        predicate.min === null
          ? null
          : `${quoted} ${predicate.isMinExclusive ? ">" : ">="} ${renderBound(dialect, type, predicate.min)}`,
        predicate.max === null
          ? null
          : `${quoted} ${predicate.isMaxExclusive ? "<" : "<="} ${renderBound(dialect, type, predicate.max)}`,
      ]);
    case "multipleOf":
      return type.kind === "double"
        ? `(${quoted}::decimal(38,10) % ${renderBound(dialect, { kind: "decimal", precision: 38, scale: 10 }, predicate.of)}) = 0`
        : `(${quoted} % ${predicate.of}) = 0`;
    case "finite":
      return dialect.renderIsFinite(quoted);
    default:
      return unreachable(predicate);
  }
}

function and(conditions: readonly (string | null)[]): string {
  const present = conditions.filter((condition) => condition !== null);
  return present.length === 0 ? "true" : present.join(" and ");
}

function renderBound(dialect: MeasureDialect, type: ColumnType, bound: Exclude<Json, null> | number): string {
  return `${quoteLiteral(String(bound))}::${dialect.renderType(type)}`;
}
