import { unreachable } from "../errors/unreachable.ts";
import { isPlainObject } from "./canonical-json.ts";
import { parseDate, parseTimestamp, renderTimestamp } from "./instant.ts";
import type { ColumnType } from "./row-schema.ts";

/** A value in its one JavaScript form, or why its column cannot hold it. */
export type NormalValue =
  | { readonly value: unknown; readonly problem: null }
  | { readonly value: null; readonly problem: string };

/** Brings a value that zod has accepted (not null) into the form of its column's type. */
export function normalizeValue(type: ColumnType, value: unknown): NormalValue {
  switch (type.kind) {
    case "text":
      return typeof value === "string" ? keepIf(value, textProblem(value)) : mistyped(type, value);
    case "integer":
      return Number.isSafeInteger(value) ? keep(Number(value) + 0) : mistyped(type, value);
    case "bigint":
      if (typeof value !== "bigint") return mistyped(type, value);
      return keepIf(value, BigInt.asIntN(64, value) === value ? null : "is beyond 64 signed bits");
    case "double":
      return typeof value === "number" && Number.isFinite(value) ? keep(value + 0) : mistyped(type, value);
    case "decimal":
      return typeof value === "string" ? normalizeDecimal(value, type.scale) : mistyped(type, value);
    case "boolean":
      return typeof value === "boolean" ? keep(value) : mistyped(type, value);
    case "date":
      return typeof value === "string" && isDate(value) ? keep(value) : mistyped(type, value);
    case "timestamp":
      return typeof value === "string" ? normalizeTimestamp(value) : mistyped(type, value);
    case "json":
      return keepIf(value, jsonProblem(value));
    default:
      return unreachable(type);
  }
}

// Texts that are in their form already; of all days only the 29th of February is left out. They are by far the most, and this is much faster than reading them.
const usualDay =
  "(?!0000)\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))";
const usualDate = new RegExp(`^${usualDay}$`);
const usualTimestamp = new RegExp(`^${usualDay}T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{0,5}[1-9])?Z$`);

function isDate(text: string): boolean {
  return usualDate.test(text) || parseDate(text) !== null;
}

function normalizeTimestamp(text: string): NormalValue {
  if (usualTimestamp.test(text)) return keep(text);
  const micros = parseTimestamp(text);
  const value = micros === null ? null : renderTimestamp(micros);
  return value === null
    ? refuse(`${JSON.stringify(text)} is not an instant of the years 0001 to 9999 in whole microseconds`)
    : keep(value);
}

function normalizeDecimal(text: string, scale: number): NormalValue {
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text);
  if (match === null) return refuse(`${JSON.stringify(text)} is not a decimal`);
  const [, sign = "", whole = "", fraction = ""] = match;
  if (fraction.length > scale) return refuse(`${text} has more than ${scale} digits after the point`);
  const digits = scale === 0 ? whole : `${whole}.${fraction.padEnd(scale, "0")}`;
  return keep(/[1-9]/.test(digits) ? `${sign}${digits}` : digits);
}

/** Postgres keeps no NUL, and no store keeps half of a surrogate pair. */
function textProblem(text: string): string | null {
  if (text.includes("\0")) return "holds a NUL character";
  return text.isWellFormed() ? null : "holds half of a surrogate pair";
}

function jsonProblem(value: unknown): string | null {
  if (value === null || typeof value === "boolean") return null;
  if (typeof value === "string") return textProblem(value);
  if (typeof value === "number") return Number.isFinite(value) ? null : `holds ${value}, which is not JSON`;
  if (Array.isArray(value)) return firstProblem(value.map(jsonProblem));
  if (isPlainObject(value)) {
    return firstProblem(
      Object.entries(value).flatMap(([name, member]) =>
        member === undefined ? [] : [textProblem(name), jsonProblem(member)],
      ),
    );
  }
  return `holds ${typeof value === "object" ? "an object of a class" : `a ${typeof value}`}, which is not JSON`;
}

function firstProblem(problems: readonly (string | null)[]): string | null {
  return problems.find((problem) => problem !== null) ?? null;
}

function keep(value: unknown): NormalValue {
  return { value, problem: null };
}

function keepIf(value: unknown, problem: string | null): NormalValue {
  return problem === null ? keep(value) : refuse(problem);
}

function refuse(problem: string): NormalValue {
  return { value: null, problem };
}

function mistyped(type: ColumnType, value: unknown): NormalValue {
  return refuse(
    `${typeof value === "string" ? JSON.stringify(value) : String(value)} is not a value of a column of ${type.kind}`,
  );
}
