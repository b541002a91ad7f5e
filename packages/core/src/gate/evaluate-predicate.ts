import { unreachable } from "../errors/unreachable.ts";
import { cellOf } from "../schema/cell.ts";
import { parseDate, parseTimestamp } from "../schema/instant.ts";
import type { Row } from "../schema/row-schema.ts";
import type { Json } from "../values/json.ts";
import type { RowPredicate } from "./check.ts";

/** Whether a row in its JavaScript form passes: the reference for what stores render as SQL. */
export function evaluatePredicate(predicate: RowPredicate, row: Row): boolean {
  const value = cellOf(row, predicate.column);
  if (predicate.kind === "notNull") return value !== null && value !== undefined;
  if (value === null || value === undefined) return true;
  switch (predicate.kind) {
    case "oneOf":
      return typeof value === "string" && predicate.values.includes(value);
    case "textLength":
      return typeof value === "string" && isBetween(countCodePoints(value), predicate.min, predicate.max);
    case "textPattern":
      return typeof value === "string" && new RegExp(predicate.pattern, "u").test(value);
    case "range":
      return (
        isAbove(value, predicate.min, predicate.isMinExclusive) &&
        isBelow(value, predicate.max, predicate.isMaxExclusive)
      );
    case "multipleOf":
      return typeof value === "bigint"
        ? value % BigInt(predicate.of) === 0n
        : typeof value === "number" && value % predicate.of === 0;
    case "finite":
      return typeof value !== "number" || Number.isFinite(value);
    default:
      return unreachable(predicate);
  }
}

function isBetween(length: number, min: number | null, max: number | null): boolean {
  return length >= (min ?? 0) && length <= (max ?? Infinity);
}

function countCodePoints(text: string): number {
  return Array.from(text).length;
}

function isAbove(value: unknown, min: Json, isExclusive: boolean): boolean {
  if (min === null) return true;
  const order = compare(value, min);
  return isExclusive ? order > 0 : order >= 0;
}

function isBelow(value: unknown, max: Json, isExclusive: boolean): boolean {
  if (max === null) return true;
  const order = compare(value, max);
  return isExclusive ? order < 0 : order <= 0;
}

/** NaN, which is neither above nor below, when the two cannot be compared. */
function compare(value: unknown, bound: Json): number {
  const [a, b] = [toNumber(value), toNumber(bound)];
  return a === null || b === null ? Number.NaN : a < b ? -1 : a > b ? 1 : a === b ? 0 : Number.NaN;
}

/** Numbers and big integers compare exactly with each other. */
function toNumber(value: unknown): number | bigint | null {
  if (typeof value === "number" || typeof value === "bigint") return value;
  if (typeof value !== "string") return null;
  if (/^-?\d+$/.test(value)) return BigInt(value);
  if (/^-?\d+\.\d+$/.test(value)) return Number(value);
  return parseTimestamp(value) ?? parseDate(value);
}
