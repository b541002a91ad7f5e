import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { decimal } from "../schema/decimal.ts";
import { readRowSchema } from "../schema/read-row-schema.ts";
import { buildRowParser } from "../schema/row-parser.ts";
import { arbitraryText } from "../testing/arbitraries.ts";
import type { RowPredicate } from "./check.ts";
import { deriveChecks } from "./derive-checks.ts";
import { evaluatePredicate } from "./evaluate-predicate.ts";

function predicatesOf(schema: z.ZodType): readonly RowPredicate[] {
  return deriveChecks(z.object({ x: schema }), []).checks.flatMap((check) =>
    check.kind === "row" ? [check.predicate] : [],
  );
}

function needsZod(schema: z.ZodType): boolean {
  return deriveChecks(z.object({ x: schema }), []).hasRowSideChecks;
}

describe("what compiles", () => {
  test.each([
    ["null", z.string(), [{ kind: "notNull", column: "x" }]],
    ["nullable", z.string().nullable(), []],
    ["an enum", z.enum(["a", "b"]).optional(), [{ kind: "oneOf", column: "x", values: ["a", "b"] }]],
    [
      "lengths",
      z.string().min(2).max(3).nullish(),
      [
        { kind: "textLength", column: "x", min: 2, max: null },
        { kind: "textLength", column: "x", min: null, max: 3 },
      ],
    ],
    [
      "a pattern",
      z
        .string()
        .regex(/^[A-Z]{3}\d?$/)
        .nullable(),
      [{ kind: "textPattern", column: "x", pattern: "^[A-Z]{3}[0-9]?$" }],
    ],
    ["a prefix", z.string().startsWith("a.b").nullable(), [{ kind: "textPattern", column: "x", pattern: "^a\\.b" }]],
    [
      "a range",
      z.number().gt(0).nullable(),
      [
        { kind: "finite", column: "x" },
        { kind: "range", column: "x", min: 0, max: null, isMinExclusive: true, isMaxExclusive: false },
      ],
    ],
    [
      "a range of big integers",
      z.bigint().max(10n).nullable(),
      [{ kind: "range", column: "x", min: null, max: "10", isMinExclusive: false, isMaxExclusive: false }],
    ],
  ])("%s", (_name, schema, expected) => {
    expect(predicatesOf(schema)).toEqual(expected);
    expect(needsZod(schema)).toBe(false);
  });

  test("a key is a check of uniqueness", () => {
    const { checks } = deriveChecks(z.object({ a: z.any(), b: z.any() }), ["a", "b"]);
    expect(checks).toEqual([
      {
        kind: "uniqueKey",
        id: "uniqueKey:a,b",
        message: "must identify a row: other rows have the same",
        columns: ["a", "b"],
      },
    ]);
  });

  test("ids are unique", () => {
    const { checks } = deriveChecks(z.object({ a: z.string().min(1).max(2).regex(/a/).regex(/b/), b: z.int32() }), [
      "a",
    ]);
    expect(new Set(checks.map((check) => check.id)).size).toBe(checks.length);
  });
});

describe("what only zod can tell", () => {
  test.each([
    ["a refinement", z.string().refine((text) => text !== "x")],
    [
      "a refinement of a nullable",
      z
        .string()
        .nullable()
        .refine((text) => text !== "x"),
    ],
    ["a transform", z.string().trim()],
    ["a pipe", z.string().transform(Number).pipe(z.number())],
    ["JSON with a shape", z.array(z.string())],
    ["a pattern with look-ahead", z.string().regex(/^(?!a)/)],
    ["a pattern with flags", z.string().regex(/a/i)],
    ["a pattern with white space", z.string().regex(/\s/)],
    ["a pattern with a dot", z.string().regex(/a.c/)],
    ["a pattern with a negated class", z.string().regex(/^[^a]{2}$/)],
    ["a URL", z.url()],
    ["a multiple of a fraction", z.number().multipleOf(0.01)],
    ["a catch", z.number().catch(0)],
    ["a literal true", z.literal(true)],
    ["a template", z.templateLiteral(["a", z.number()])],
  ])("%s", (_name, schema) => {
    expect(needsZod(schema)).toBe(true);
  });

  test("a refinement of the row", () => {
    expect(
      deriveChecks(
        z.object({ x: z.string() }).refine(() => true),
        [],
      ).hasRowSideChecks,
    ).toBe(true);
  });
});

const texts = fc.oneof(
  arbitraryText(),
  fc.stringMatching(/^[a-cA-C0-9_@. -]{0,8}$/),
  fc.constantFrom(
    "abc",
    "ABC1",
    "ana@example.org",
    "127.0.0.1",
    "9b2b6a0e-8a3b-4d53-9d5f-0a1b2c3d4e5f",
    "x y",
    "a\n",
    "é",
    "😀",
  ),
);
const numbers = fc.oneof(
  fc.double(),
  fc.integer({ min: -5, max: 5 }),
  fc.constantFrom(2 ** 31, -(2 ** 31) - 1, 2 ** 53, 4e38, Number.NaN, Infinity),
);
const bigints = fc.oneof(fc.bigInt({ min: -20n, max: 20n }), fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n)));
const dates = fc.constantFrom("2001-02-28", "2000-02-29", "0001-01-01", "9999-12-31");
const instants = fc.constantFrom("2001-01-31T05:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z");

/** Pairs of a schema of one column and values that its column could hold. */
const cases = fc.oneof(
  fc.tuple(arbitraryTextSchema(), fc.option(texts)),
  fc.tuple(arbitraryNumberSchema(), fc.option(numbers)),
  fc.tuple(arbitraryIntegerSchema(), fc.option(numbers.map((value) => (Number.isSafeInteger(value) ? value : 3)))),
  fc.tuple(arbitraryBigintSchema(), fc.option(bigints)),
  fc.tuple(fc.constant(z.boolean()), fc.option(fc.boolean())),
  fc.tuple(fc.constant(z.iso.date()), fc.option(dates)),
  fc.tuple(fc.constant(z.iso.datetime()), fc.option(instants)),
  fc.tuple(fc.constant(decimal(4, 1)), fc.option(fc.constantFrom("0.0", "-999.9", "12.5"))),
);

function arbitraryTextSchema(): fc.Arbitrary<z.ZodType> {
  const length = fc.integer({ min: 0, max: 5 });
  return fc.oneof(
    fc.constantFrom<z.ZodType>(
      z.string(),
      z.email(),
      z.uuid(),
      z.guid(),
      z.ipv4(),
      z.nanoid(),
      z.ulid(),
      z.e164(),
      z.iso.time(),
      z.mac(),
    ),
    fc.constantFrom<z.ZodType>(
      z.enum(["abc", "é"]),
      z.literal("abc"),
      z.union([z.literal("a"), z.enum(["b", "😀"]), z.null()]),
    ),
    length.map((n) => z.string().min(n)),
    length.map((n) => z.string().max(n)),
    length.map((n) => z.string().length(n)),
    fc
      .constantFrom(/^[A-C]+\d{1,2}$/, /b|^$/, /(?:a|b)*c$/, /^\w+@[\w.-]+$/, /[a\-c]\./, /^a{0,3}(bc?)+$/)
      .map((regex) => z.string().regex(regex)),
    fc
      .constantFrom("a", "a.", "(")
      .chain((text) =>
        fc.constantFrom(z.string().includes(text), z.string().startsWith(text), z.string().endsWith(text)),
      ),
  );
}

function arbitraryNumberSchema(): fc.Arbitrary<z.ZodType> {
  const bound = fc.integer({ min: -3, max: 3 });
  return fc.oneof(
    fc.constantFrom<z.ZodType>(z.number(), z.float64(), z.float32(), z.number().positive()),
    bound.map((n) => z.number().min(n)),
    bound.map((n) => z.number().lt(n)),
    fc.tuple(bound, bound).map(([a, b]) => z.number().gt(a).max(b)),
  );
}

function arbitraryIntegerSchema(): fc.Arbitrary<z.ZodType> {
  return fc.oneof(
    fc.constantFrom<z.ZodType>(z.int(), z.int32(), z.uint32(), z.number().int()),
    fc.integer({ min: 1, max: 4 }).map((n) => z.int().multipleOf(n)),
    fc.integer({ min: -3, max: 3 }).map((n) => z.int32().gte(n)),
  );
}

function arbitraryBigintSchema(): fc.Arbitrary<z.ZodType> {
  return fc.oneof(
    fc.constantFrom<z.ZodType>(z.bigint(), z.int64()),
    fc.bigInt({ min: -10n, max: 10n }).map((n) => z.bigint().lt(n)),
    fc.bigInt({ min: 1n, max: 5n }).map((n) => z.bigint().multipleOf(n)),
  );
}

test("a stored row passes all predicates exactly when zod accepts it", () => {
  let accepted = 0;
  let refused = 0;
  fc.assert(
    fc.property(cases, fc.boolean(), ([inner, value], isNullable) => {
      const object = z.object({ x: isNullable ? inner.nullable() : inner });
      const { schema } = readRowSchema(object);
      if (schema === null) throw new Error("not readable");
      expect(deriveChecks(object, []).hasRowSideChecks).toBe(false);
      const isAccepted = buildRowParser(object, schema)({ x: value }).row !== null;
      const passes = predicatesOf(object.shape.x).every((predicate) => evaluatePredicate(predicate, { x: value }));
      expect(passes).toBe(isAccepted);
      if (isAccepted) accepted += 1;
      else refused += 1;
    }),
    { numRuns: 3_000 },
  );
  expect(Math.min(accepted, refused)).toBeGreaterThan(500);
});
