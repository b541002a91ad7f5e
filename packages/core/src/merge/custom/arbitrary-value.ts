import type fastCheck from "fast-check";
import type { $ZodTypes } from "zod/v4/core";
import { renderTimestamp } from "../../schema/instant.ts";
import type { ColumnType } from "../../schema/row-schema.ts";
import { asZodTypes, listZodChecks } from "../../schema/zod-schema.ts";

export type FastCheck = typeof fastCheck;
export type Arbitrary = fastCheck.Arbitrary<unknown>;

/**
 * Values that a column can hold, never null: made from its zod type, since a column of JSON may have any form in it. They are close to each other and often
 * equal, because that is where laws break. Checks that zod makes besides are not looked at: filter by the column's own parser.
 */
export function arbitraryValue(fc: FastCheck, schema: $ZodTypes, type: ColumnType): Arbitrary {
  if (type.kind === "decimal") return arbitraryDecimal(fc, type.scale);
  if (type.kind === "date") return fc.integer({ min: 0, max: 400 }).map((day) => instantOf(day).slice(0, 10));
  if (type.kind === "timestamp") return fc.oneof(fc.integer({ min: 0, max: 5 }), fc.nat()).map(instantOf);
  return arbitraryOf({ fc, depth: 0 }, schema).filter((value) => value !== null && value !== undefined);
}

interface Making {
  readonly fc: FastCheck;
  readonly depth: number;
}

/** A recursive type ends here. */
const maxDepth = 4;

function arbitraryOf(making: Making, schema: $ZodTypes): Arbitrary {
  const { fc } = making;
  const def = schema._zod.def;
  switch (def.type) {
    case "string":
      return arbitraryText(fc, "format" in def ? String(def.format) : "", findPattern(schema));
    case "number":
      return arbitraryNumber(fc);
    case "bigint":
      return fc.oneof(fc.bigInt({ min: -3n, max: 3n }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
    case "boolean":
    case "success":
      return fc.boolean();
    case "literal":
      return fc.constantFrom(...def.values);
    case "enum":
      return fc.constantFrom(...Object.values(def.entries));
    case "nullable":
      return fc.option(inner(making, def.innerType), { nil: null });
    case "optional":
      return fc.option(inner(making, def.innerType), { nil: undefined });
    case "nonoptional":
    case "default":
    case "prefault":
    case "catch":
    case "readonly":
      return inner(making, def.innerType);
    case "pipe":
      return inner(making, def.out);
    case "lazy":
      return inner(making, def.getter());
    case "union":
      return fc.oneof(...def.options.map((option) => inner(making, option)));
    case "array":
      return fc.array(inner(making, def.element), { maxLength: 3 });
    case "tuple":
      return fc.tuple(...def.items.map((item) => inner(making, item)));
    case "record":
      return fc.dictionary(fc.constantFrom("a", "b", "c"), inner(making, def.valueType));
    case "object":
      return arbitraryObject(making, def.shape);
    case "null":
      return fc.constant(null);
    default:
      return arbitraryJson(fc);
  }
}

function inner({ fc, depth }: Making, schema: Parameters<typeof asZodTypes>[0]): Arbitrary {
  return depth < maxDepth ? arbitraryOf({ fc, depth: depth + 1 }, asZodTypes(schema)) : fc.constant(null);
}

/** A member that is optional is left out rather than `undefined`: JSON has no such value. */
function arbitraryObject(making: Making, shape: Readonly<Record<string, Parameters<typeof asZodTypes>[0]>>): Arbitrary {
  const members = Object.entries(shape).map(([name, schema]) => [name, inner(making, schema)] as const);
  return making.fc
    .record(Object.fromEntries(members))
    .map((value) => Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)));
}

function findPattern(schema: $ZodTypes): RegExp | undefined {
  return listZodChecks(schema).flatMap((check) =>
    check.check === "string_format" && check.pattern !== undefined ? [check.pattern] : [],
  )[0];
}

function arbitraryText(fc: FastCheck, format: string, pattern: RegExp | undefined): Arbitrary {
  if (format === "uuid" || format === "guid") return fc.uuid();
  if (format === "email") return fc.emailAddress();
  if (format === "url") return fc.webUrl();
  if (format === "date") return fc.integer({ min: 0, max: 400 }).map((day) => instantOf(day).slice(0, 10));
  if (format === "datetime") return fc.integer({ min: 0, max: 5 }).map(instantOf);
  const texts = fc.oneof(
    fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 3 }),
    fc.string({ unit: fc.constantFrom("A", "a", " ", "é", "\u{1f600}", "0"), maxLength: 8 }),
  );
  if (pattern === undefined) return texts;
  try {
    return fc.stringMatching(pattern);
  } catch {
    // Lookbehind and the like are beyond it; whether other texts do is seen when they are filtered.
    return texts;
  }
}

/** Whole ones among them, so that a column of whole numbers finds enough; no -0, which no column keeps. */
function arbitraryNumber(fc: FastCheck): Arbitrary {
  return fc.oneof(
    fc.integer({ min: 0, max: 12 }),
    fc.integer({ min: -100, max: 100 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  );
}

function arbitraryDecimal(fc: FastCheck, scale: number): Arbitrary {
  return fc.integer({ min: -120, max: 120 }).map((unscaled) => {
    const digits = String(Math.abs(unscaled)).padStart(scale + 1, "0");
    const sign = unscaled < 0 ? "-" : "";
    return scale === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  });
}

function arbitraryJson(fc: FastCheck): Arbitrary {
  const leaf = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom("", "a", "b"), fc.boolean(), fc.constant(null));
  return fc.oneof(leaf, fc.array(leaf, { maxLength: 3 }), fc.dictionary(fc.constantFrom("a", "b"), leaf));
}

/** The instant so many days and microseconds after 2001 began. */
function instantOf(count: number): string {
  const micros = 978_307_200_000_000n + BigInt(count) * 86_400_000_001n;
  return renderTimestamp(micros) ?? "";
}
