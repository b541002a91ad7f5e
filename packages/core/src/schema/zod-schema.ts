import type {
  $ZodCheckBigIntFormatDef,
  $ZodCheckEndsWithDef,
  $ZodCheckGreaterThanDef,
  $ZodCheckIncludesDef,
  $ZodCheckLengthEqualsDef,
  $ZodCheckLessThanDef,
  $ZodCheckMaxLengthDef,
  $ZodCheckMinLengthDef,
  $ZodCheckMultipleOfDef,
  $ZodCheckNumberFormatDef,
  $ZodCheckStartsWithDef,
  $ZodCheckStringFormatDef,
  $ZodType,
  $ZodTypes,
} from "zod/v4/core";

/**
 * Whether a value is a schema of zod 4, of any copy of it. zod's own types say `$ZodType` where they mean the union `$ZodTypes`;
 * this guard is the one place that goes from the one to the other.
 */
export function isZodSchema(value: unknown): value is $ZodTypes {
  if (typeof value !== "object" || value === null) return false;
  const internals: unknown = Reflect.get(value, "_zod");
  return typeof internals === "object" && internals !== null && "def" in internals;
}

/** A schema inside another one. zod types it as `$ZodType`; every `$ZodType` is one of `$ZodTypes`. */
export function asZodTypes(schema: $ZodType): $ZodTypes {
  if (isZodSchema(schema)) return schema;
  throw new TypeError("not a schema of zod 4");
}

/** Definitions of the checks that are compiled; `other` stands for all others, refinements among them. */
export type ZodCheckDef =
  | $ZodCheckLessThanDef
  | $ZodCheckGreaterThanDef
  | $ZodCheckMultipleOfDef
  | $ZodCheckNumberFormatDef
  | $ZodCheckBigIntFormatDef
  | $ZodCheckMinLengthDef
  | $ZodCheckMaxLengthDef
  | $ZodCheckLengthEqualsDef
  | $ZodCheckStringFormatDef
  | $ZodCheckStartsWithDef
  | $ZodCheckEndsWithDef
  | $ZodCheckIncludesDef
  | { readonly check: "other" };

const compiledChecks: readonly unknown[] = [
  "less_than",
  "greater_than",
  "multiple_of",
  "number_format",
  "bigint_format",
  "min_length",
  "max_length",
  "length_equals",
  "string_format",
];

/** The checks of a schema: those attached to it and, where a schema such as `z.email()` or `z.int32()` is a check itself, that one. */
export function listZodChecks(schema: $ZodTypes): readonly ZodCheckDef[] {
  const def = schema._zod.def;
  const attached = (def.checks ?? []).map((check) => check._zod.def);
  return ["check" in def ? def : null, ...attached].flatMap((each) =>
    each === null ? [] : [isCompiledCheck(each) ? each : other],
  );
}

const other = { check: "other" } as const;

function isCompiledCheck(def: object): def is ZodCheckDef {
  return "check" in def && compiledChecks.includes(def.check);
}
