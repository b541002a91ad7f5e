import { parseDate, parseTimestamp } from "../../schema/instant.ts";
import type { ColumnType } from "../../schema/row-schema.ts";
import { unscaledOf } from "./exact-sum.ts";

/** Types whose values have an order that is the same in JavaScript, DuckDB and Postgres. */
export function isOrderedType(type: ColumnType): boolean {
  return type.kind !== "json";
}

/**
 * The order of a column's values as DuckDB and Postgres have it: text by its UTF-8 bytes (`collate "C"`), `NaN` equal to itself and greater than any other
 * number, `-0` equal to `0`, false before true, infinite instants at the ends. Negative when `a` comes first.
 * @throws {TypeError} when the type has no order
 */
export function compareValues(type: ColumnType, a: unknown, b: unknown): number {
  if (type.kind === "text") return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
  const [first, second] = [positionOf(type, a), positionOf(type, b)];
  if (Number.isNaN(first) || Number.isNaN(second)) return Number(Number.isNaN(first)) - Number(Number.isNaN(second));
  return first < second ? -1 : first > second ? 1 : 0;
}

function positionOf(type: ColumnType, value: unknown): number | bigint {
  if (typeof value === "number" || typeof value === "bigint") return value;
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "string" && value.endsWith("infinity"))
    return value.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (typeof value === "string" && type.kind === "decimal") return unscaledOf(value, type.scale);
  const instant = typeof value === "string" ? readInstant(type, value) : null;
  if (instant === null) throw new TypeError(`${String(value)} has no place in the order of ${type.kind}`);
  return instant;
}

function readInstant(type: ColumnType, text: string): number | bigint | null {
  if (type.kind === "date") return parseDate(text);
  return type.kind === "timestamp" ? parseTimestamp(text) : null;
}
