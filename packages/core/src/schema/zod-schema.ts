import type { $ZodCheck, $ZodChecks, $ZodType, $ZodTypes } from "zod/v4/core";

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

/** The checks attached to a schema, of the kinds that zod makes itself. A refinement is one with `check: "custom"`. */
export function listZodChecks(schema: $ZodTypes): readonly $ZodChecks[] {
  return (schema._zod.def.checks ?? []).filter(isKnownCheck);
}

function isKnownCheck(check: $ZodCheck<never>): check is $ZodCheck<never> & $ZodChecks {
  return "_zod" in check;
}
