import type { $ZodTypes } from "zod/v4/core";
import type { ColumnType } from "../schema/row-schema.ts";
import { listZodChecks, type ZodCheckDef } from "../schema/zod-schema.ts";
import type { RowPredicate } from "./check.ts";
import { escapeLiteral, translatePattern } from "./translate-pattern.ts";

/** Predicates of one column, and whether they leave something out. */
export interface ColumnChecks {
  readonly predicates: readonly RowPredicate[];
  readonly hasRowSideChecks: boolean;
}

export const none: ColumnChecks = { predicates: [], hasRowSideChecks: false };
export const onlyZod: ColumnChecks = { predicates: [], hasRowSideChecks: true };

/** Compiles the checks attached to a string, number, bigint or boolean. */
export function readZodChecks(column: string, schema: $ZodTypes, type: ColumnType): ColumnChecks {
  const all = listZodChecks(schema).map((check) => readCheck({ column, type }, check));
  return {
    predicates: all.flatMap((each) => each.predicates),
    hasRowSideChecks: all.some((each) => each.hasRowSideChecks),
  };
}

interface Target {
  readonly column: string;
  readonly type: ColumnType;
}

function readCheck(target: Target, check: ZodCheckDef): ColumnChecks {
  switch (check.check) {
    case "less_than":
      return readBound(target, { max: check.value, isMaxExclusive: !check.inclusive });
    case "greater_than":
      return readBound(target, { min: check.value, isMinExclusive: !check.inclusive });
    case "multiple_of":
      return readMultiple(target, check.value);
    case "number_format":
      return readNumberFormat(target, check.format);
    case "bigint_format":
      // 64 signed bits are what the column holds.
      return check.format === "int64" ? none : onlyZod;
    case "min_length":
      return readLength(target, check.minimum, null);
    case "max_length":
      return readLength(target, null, check.maximum);
    case "length_equals":
      return readLength(target, check.length, check.length);
    case "string_format":
      return readFormat(target, check);
    default:
      return onlyZod;
  }
}

type Bounds = Partial<Pick<Extract<RowPredicate, { readonly kind: "range" }>, "isMinExclusive" | "isMaxExclusive">> & {
  readonly min?: unknown;
  readonly max?: unknown;
};

function readBound({ column, type }: Target, { min = null, max = null, ...exclusive }: Bounds): ColumnChecks {
  const bounds = { min: readBoundValue(type, min), max: readBoundValue(type, max) };
  if (bounds.min === undefined || bounds.max === undefined) return onlyZod;
  return only({
    kind: "range",
    column,
    isMinExclusive: false,
    isMaxExclusive: false,
    ...exclusive,
    min: bounds.min,
    max: bounds.max,
  });
}

/** `undefined` when SQL cannot compare with the value. */
function readBoundValue(type: ColumnType, value: unknown): number | string | null | undefined {
  if (value === null) return null;
  if (type.kind === "bigint")
    return typeof value === "bigint" && BigInt.asIntN(64, value) === value ? value.toString() : undefined;
  const isNumeric = type.kind === "double" || type.kind === "integer";
  return isNumeric && typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** Remainders of doubles depend on how zod scales them: only whole numbers are left to SQL. */
function readMultiple({ column, type }: Target, of: number | bigint): ColumnChecks {
  const isWhole = type.kind === "integer" || type.kind === "bigint";
  const divisor = Number(of);
  return isWhole && Number.isSafeInteger(divisor) && divisor > 0
    ? only({ kind: "multipleOf", column, of: divisor })
    : onlyZod;
}

const formatRanges: Readonly<Record<string, readonly [number, number]>> = {
  int32: [-2_147_483_648, 2_147_483_647],
  uint32: [0, 4_294_967_295],
  float32: [-3.4028234663852886e38, 3.4028234663852886e38],
};

function readNumberFormat(target: Target, format: string): ColumnChecks {
  const range = formatRanges[format];
  if (range !== undefined) return readBound(target, { min: range[0], max: range[1] });
  return format === "safeint" || format === "float64" ? none : onlyZod;
}

function readLength({ column, type }: Target, min: number | null, max: number | null): ColumnChecks {
  return type.kind === "text" ? only({ kind: "textLength", column, min, max }) : onlyZod;
}

/** Formats that are their pattern and nothing more. Of the others, zod also parses the text. */
const patternFormats: readonly string[] = [
  "regex",
  "uuid",
  "guid",
  "email",
  "nanoid",
  "cuid",
  "cuid2",
  "ulid",
  "xid",
  "ksuid",
  "ipv4",
  "cidrv4",
  "mac",
  "e164",
  "time",
  "duration",
];

function readFormat(
  { column, type }: Target,
  check: Extract<ZodCheckDef, { readonly check: "string_format" }>,
): ColumnChecks {
  // The form of these texts is their column's own.
  if (type.kind !== "text") return none;
  const pattern = readPattern(check);
  return pattern === null ? onlyZod : only({ kind: "textPattern", column, pattern });
}

function readPattern(check: Extract<ZodCheckDef, { readonly check: "string_format" }>): string | null {
  if ("prefix" in check && check.format === "starts_with") return literal(check.prefix, (text) => `^${text}`);
  if ("suffix" in check && check.format === "ends_with") return literal(check.suffix, (text) => `${text}$`);
  if ("includes" in check && check.format === "includes")
    return check.position === undefined ? literal(check.includes, (text) => text) : null;
  return check.pattern !== undefined && patternFormats.includes(check.format) ? translatePattern(check.pattern) : null;
}

function literal(text: unknown, place: (escaped: string) => string): string | null {
  return typeof text === "string" && /^[\x20-\x7e]*$/.test(text) ? place(escapeLiteral(text)) : null;
}

function only(predicate: RowPredicate): ColumnChecks {
  return { predicates: [predicate], hasRowSideChecks: false };
}
