import type { Row } from "@watersmeet/core/schema";
import type { Json } from "@watersmeet/core/values";

/** A row as JSON carries it without loss: integers that JavaScript numbers cannot hold become text. */
export function toJsonRow(row: Row): Readonly<Record<string, Json>> {
  const present = Object.entries(row).filter(([, value]) => value !== undefined);
  // Not by assignment: a column may be named __proto__.
  return Object.fromEntries(present.map(([column, value]) => [column, toJsonValue(value)]));
}

/** A cell as JSON carries it. */
export function toJsonValue(value: unknown): Json {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "boolean") return value;
  // JSON has no words for infinities and NaN.
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(toJsonValue);
  if (typeof value !== "object") return null;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toJsonValue(member)]));
}
