import { unreachable } from "@watersmeet/core/errors";
import type { Check, RowPredicate } from "@watersmeet/core/gate";
import { canonicalColumns, type ColumnType, type RowSchema } from "@watersmeet/core/schema";
import type { Json } from "@watersmeet/core/values";
import { quoteIdentifier, quoteLiteral, renderColumnNames } from "../exchange/quote.ts";

/** Rows to measure. */
export interface MeasuredRelation {
  readonly dialect: MeasureDialect;
  readonly schema: RowSchema;
  /** An item of FROM, without an alias. */
  readonly source: string;
}

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
  /** Length in code points. */
  renderTextLength(quoted: string): string;
  renderPatternMatch(quoted: string, pattern: string): string;
  renderIsFinite(quoted: string): string;
  /** A value in a form that sorts by its bytes, whatever the database's collation. */
  renderSortable(quoted: string, type: ColumnType): string;
}

/**
 * One pass: `row_count`, `size_bytes`, `sum_0`, `sum_1`, and `failed_<i>` for each check. With `by`, a column of the source beside those of the schema: a row for each
 * of its values, for checks of single rows.
 */
export function renderMeasure(relation: MeasuredRelation, checks: readonly Check[], by?: string): string {
  const { dialect, schema, source } = relation;
  const values = canonicalColumns(schema).map(({ name, type }) => dialect.renderCanonical(quoteIdentifier(name), type));
  const failures = checks.map((check, index) => `, ${renderFailureCount(relation, check)} as failed_${index}`);
  const [head, group] = by === undefined ? ["", ""] : [`${by}, `, ` group by ${by}`];
  const names = `${head}${renderColumnNames(schema.columns)}`;
  const [bytes, size, hash] = [
    nameUnlike(schema, "_bytes"),
    nameUnlike(schema, "_size"),
    nameUnlike(schema, "_hash"),
  ] as const;
  const canonical = `select ${names}, ${values.join(" || ")} as ${bytes} from ${source} as s`;
  const hashed = `select ${names}, ${dialect.renderByteLength(bytes)} as ${size}, ${dialect.renderHash(bytes)} as ${hash} from (${canonical}) as canonical`;
  const sums = [0, 1].map((half) => `coalesce(${dialect.renderHashSum(hash, half === 0 ? 0 : 1)}, 0) as sum_${half}`);
  return `select ${head}count(*) as row_count, coalesce(sum(${size}), 0) as size_bytes, ${sums.join(", ")}${failures.join("")} from (${hashed}) as hashed${group}`;
}

/** A name that no column of the rows has: a column may be called as we like, and engines take it for ours. */
function nameUnlike(schema: RowSchema, name: string): string {
  const isTaken = schema.columns.some((column) => column.name.toLowerCase() === name);
  return isTaken ? nameUnlike(schema, `${name}_`) : name;
}

/** One pass without digests: `failed_<i>` for each check. */
export function renderChecks(relation: MeasuredRelation, checks: readonly Check[]): string {
  const failures = checks.map((check, index) => `${renderFailureCount(relation, check)} as failed_${index}`);
  return `select ${failures.join(", ")} from ${relation.source} as s`;
}

function renderFailureCount(relation: MeasuredRelation, check: Check): string {
  if (check.kind === "row") return `count(*) filter (where not (${renderPredicate(relation, check.predicate)}))`;
  // Rows that share their key with another row.
  const duplicates = `select count(*) as same from ${relation.source} as s group by ${renderKey(check)} having count(*) > 1`;
  return `(select coalesce(sum(same), 0) from (${duplicates}) as duplicates)`;
}

/** Some of the rows that fail a check, columns in schema order, in a stable order. */
export function renderSample(relation: MeasuredRelation, check: Check, limit: number): string {
  const { dialect, schema, source } = relation;
  const columns = schema.columns.map((column) => `s.${quoteIdentifier(column.name)}`);
  const order = schema.columns.flatMap(({ name, type }) =>
    type.kind === "json" ? [] : [`${dialect.renderSortable(`s.${quoteIdentifier(name)}`, type)} nulls first`],
  );
  const orderBy = order.length === 0 ? "" : ` order by ${order.join(", ")}`;
  if (check.kind === "row") {
    return `select ${columns.join(", ")} from ${source} as s where not (${renderPredicate(relation, check.predicate)})${orderBy} limit ${limit}`;
  }
  const key = renderKey(check);
  const matches = check.columns.map(quoteIdentifier).map((name) => `s.${name} is not distinct from d.${name}`);
  return `select ${columns.join(", ")} from ${source} as s join (select ${key} from ${source} as s group by ${key} having count(*) > 1) as d on ${matches.join(" and ")}${orderBy} limit ${limit}`;
}

function renderKey(check: Extract<Check, { readonly kind: "uniqueKey" }>): string {
  return check.columns.map(quoteIdentifier).join(", ");
}

/** A condition that is true or false, never unknown. A NULL passes every predicate but `notNull`: whether it may be NULL is that one's question. */
export function renderPredicate(
  { dialect, schema }: Pick<MeasuredRelation, "dialect" | "schema">,
  predicate: RowPredicate,
): string {
  const quoted = quoteIdentifier(predicate.column);
  if (predicate.kind === "notNull") return `${quoted} is not null`;
  const type = schema.columns.find((column) => column.name === predicate.column)?.type;
  if (type === undefined) {
    throw new TypeError(`A check names the column "${predicate.column}", which the schema lacks`);
  }
  return `(${quoted} is null or coalesce(${renderCondition(dialect, { quoted, type }, predicate)}, false))`;
}

interface CheckedColumn {
  readonly quoted: string;
  readonly type: ColumnType;
}

function renderCondition(
  dialect: MeasureDialect,
  { quoted, type }: CheckedColumn,
  predicate: Exclude<RowPredicate, { readonly kind: "notNull" }>,
): string {
  switch (predicate.kind) {
    case "oneOf":
      return predicate.values.length === 0
        ? "false"
        : `${quoted} in (${predicate.values.map(quoteLiteral).join(", ")})`;
    case "textLength":
      return renderTextLength(dialect.renderTextLength(quoted), predicate);
    case "textPattern":
      return dialect.renderPatternMatch(quoted, predicate.pattern);
    case "range":
      return renderRange(dialect, { quoted, type }, predicate);
    case "multipleOf":
      return `(${quoted} % ${predicate.of}) = 0`;
    case "finite":
      return type.kind === "double" ? dialect.renderIsFinite(quoted) : "true";
    default:
      return unreachable(predicate);
  }
}

function renderTextLength(
  length: string,
  { min, max }: Extract<RowPredicate, { readonly kind: "textLength" }>,
): string {
  return all([min === null ? null : `${length} >= ${min}`, max === null ? null : `${length} <= ${max}`]);
}

function renderRange(
  dialect: MeasureDialect,
  column: CheckedColumn,
  range: Extract<RowPredicate, { readonly kind: "range" }>,
): string {
  const { quoted, type } = column;
  const { min, max } = range;
  return all([
    // NaN is greater than everything to both engines, and in no range to JavaScript.
    type.kind === "double" && (min !== null || max !== null) ? `${quoted} <> 'NaN'::${dialect.renderType(type)}` : null,
    min === null ? null : `${quoted} ${range.isMinExclusive ? ">" : ">="} ${renderBound(dialect, column, min)}`,
    max === null ? null : `${quoted} ${range.isMaxExclusive ? "<" : "<="} ${renderBound(dialect, column, max)}`,
  ]);
}

function renderBound(dialect: MeasureDialect, { type }: CheckedColumn, bound: Json): string {
  const text = typeof bound === "string" ? bound : JSON.stringify(bound);
  const isFraction = (type.kind === "integer" || type.kind === "bigint") && !/^-?\d+$/.test(text);
  return `${quoteLiteral(text)}::${dialect.renderType(isFraction ? { kind: "double" } : type)}`;
}

function all(conditions: readonly (string | null)[]): string {
  const present = conditions.filter((condition) => condition !== null);
  return present.length === 0 ? "true" : present.join(" and ");
}
