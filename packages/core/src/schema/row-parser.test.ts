import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { canonicalRow } from "./canonical-row.ts";
import { decimal } from "./decimal.ts";
import { parseTimestamp, renderTimestamp } from "./instant.ts";
import { normalizeValue } from "./normalize-value.ts";
import { readRowSchema } from "./read-row-schema.ts";
import { buildRowParser, type ParsedRow } from "./row-parser.ts";

function parse(shape: z.ZodRawShape, row: unknown): ParsedRow {
  const object = z.object(shape);
  const { schema } = readRowSchema(object);
  if (schema === null) throw new Error("not readable");
  return buildRowParser(object, schema)(row);
}

const parseOne = (schema: z.ZodType, x: unknown) => parse({ x: schema }, { x });

type Conversion = [name: string, schema: z.ZodType, given: unknown, kept: unknown];
type Refusal = [name: string, schema: z.ZodType, value: unknown, message: RegExp];

describe("values get one form", () => {
  test.each([
    ["an offset becomes UTC", z.iso.datetime({ offset: true }), "2001-01-31T05:00:00+02:30", "2001-01-31T02:30:00Z"],
    ["zeros are trimmed", z.iso.datetime(), "2001-01-31T05:00:00.120000Z", "2001-01-31T05:00:00.12Z"],
    [
      "zeros beyond microseconds are trimmed",
      z.iso.datetime(),
      "2001-01-31T05:00:00.123456000Z",
      "2001-01-31T05:00:00.123456Z",
    ],
    ["-0 becomes 0", z.number(), -0, 0],
    ["-0 of integers becomes 0", z.int(), -0, 0],
    ["a decimal gets its scale", decimal(6, 2), "12.5", "12.50"],
    ["a decimal without point gets one", decimal(6, 2), "-12", "-12.00"],
    ["the decimal -0 becomes 0", decimal(6, 2), "-0.0", "0.00"],
    ["undefined becomes null", z.string().nullish(), undefined, null],
    ["transforms run", z.string().trim(), " a ", "a"],
    ["defaults apply", z.string().default("x"), undefined, "x"],
  ] satisfies Conversion[])("%s", (...[, schema, given, kept]: Conversion) => {
    const { row, issues } = parseOne(schema, given);
    expect(issues).toEqual([]);
    expect(Object.is(row?.["x"], kept)).toBe(true);
  });

  test("an optional column that has no value is absent", () => {
    expect(parse({ a: z.string().optional(), b: z.string() }, { b: "x" }).row).toEqual({ b: "x" });
  });

  test("a column may be named as a property that every object has", () => {
    expect(parse({ constructor: z.string() }, { constructor: "Brabham" }).row).toEqual({ constructor: "Brabham" });
  });

  test("columns come in the order of the schema, and others are dropped", () => {
    expect(JSON.stringify(parse({ b: z.string(), a: z.string() }, { a: "1", z: "3", b: "2" }).row)).toBe(
      '{"b":"2","a":"1"}',
    );
  });
});

describe("values that no column can hold", () => {
  test.each([
    ["a NUL character", z.string(), "a\0b", /NUL/],
    ["half of a surrogate pair", z.string(), "a\ud800", /surrogate/],
    ["a NUL character inside JSON", z.json(), { a: ["\0"] }, /NUL/],
    ["half of a surrogate pair in a name inside JSON", z.any(), { "\udfff": 1 }, /surrogate/],
    ["a Date inside JSON", z.any(), { a: new Date() }, /class/],
    ["a bigint inside JSON", z.any(), [1n], /bigint/],
    ["NaN inside JSON", z.any(), [Number.NaN], /NaN/],
    ["a big integer beyond 64 bits", z.bigint(), 2n ** 63n, /64/],
    ["nanoseconds", z.iso.datetime(), "2001-01-31T05:00:00.0000001Z", /microseconds/],
    ["the year 0", z.iso.datetime(), "0000-01-31T05:00:00Z", /0001/],
    ["the year 0 after the offset", z.iso.datetime({ offset: true }), "0001-01-01T00:00:00+01:00", /0001/],
    ["a day of the year 0", z.iso.date(), "0000-01-31", /date/],
  ] satisfies Refusal[])("%s", (...[, schema, value, message]: Refusal) => {
    expect(parseOne(schema, value).issues).toMatchObject([
      { code: "STORE_VALUE_INVALID", column: "x", message: expect.stringMatching(message) },
    ]);
  });
});

describe("values that zod refuses", () => {
  test.each([
    ["NaN", z.number(), Number.NaN],
    ["Infinity", z.number(), Infinity],
    ["a fraction", z.int(), 1.5],
    ["a decimal with too many digits", decimal(4, 2), "123.4"],
    ["a decimal with an exponent", decimal(4, 2), "1e1"],
    ["null", z.string(), null],
    ["a refined value", z.string().refine((text) => text !== "x"), "x"],
  ])("%s", (_name, schema, value) => {
    expect(parseOne(schema, value).issues).toMatchObject([{ code: "ROW_INVALID", column: "x" }]);
  });

  test("all issues of a row are told, with the path inside JSON", () => {
    const { issues } = parse({ a: z.object({ b: z.array(z.number()) }), c: z.string() }, { a: { b: [1, "2"] } });
    expect(issues.map((issue) => [issue.column, issue.message])).toEqual([
      ["a", "b.1: Invalid input: expected number, received string"],
      ["c", "Invalid input: expected string, received undefined"],
    ]);
  });

  test.each([[null], [1], ["row"], [[1]]])("%o is not a row", (value) => {
    expect(parse({ a: z.string().optional() }, value).issues).toMatchObject([{ code: "ROW_INVALID", column: null }]);
  });
});

test("what parses has canonical bytes, and parses again to itself", () => {
  const object = z.object({
    i: z.int(),
    d: z.number().nullable(),
    t: z.iso.datetime({ offset: true }),
    s: z.string().optional(),
    m: decimal(9, 3),
    j: z.json(),
  });
  const { schema } = readRowSchema(object);
  if (schema === null) throw new Error("not readable");
  const parseRow = buildRowParser(object, schema);
  const rows = fc.record({
    i: fc.maxSafeInteger(),
    d: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
    t: fc.bigInt({ min: -(10n ** 16n), max: 10n ** 17n }).map((micros) => renderTimestamp(micros)),
    s: fc.option(fc.string(), { nil: undefined }),
    m: fc.integer({ min: -99999, max: 99999 }).map((value) => (value / 10).toFixed(1)),
    j: fc.jsonValue({ maxDepth: 2 }),
  });
  fc.assert(
    fc.property(rows, (given) => {
      const first = parseRow(given);
      if (first.row === null) return;
      const again = parseRow(first.row);
      expect(again.row).toEqual(first.row);
      expect(canonicalRow(schema, first.row).length).toBeGreaterThan(0);
    }),
  );
});

test("instants read and print exactly", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n }), (micros) => {
      expect(parseTimestamp(renderTimestamp(micros) ?? "")).toBe(micros);
    }),
  );
  expect([
    parseTimestamp("2001-02-29T00:00:00Z"),
    parseTimestamp("2001-01-01T24:00:00Z"),
    parseTimestamp("2001-01-01T00:00:00"),
  ]).toEqual([null, null, null]);
});

test("days and instants exist exactly when the calendar has them", () => {
  const twoDigits = (value: number) => String(value).padStart(2, "0");
  for (const year of ["0000", "0001", "1900", "2000", "2001", "9999"]) {
    for (let month = 0; month <= 13; month += 1) {
      for (let day = 0; day <= 32; day += 1) {
        const text = `${year}-${twoDigits(month)}-${twoDigits(day)}`;
        const instant = new Date(`${text}T00:00:00Z`);
        const exists = year !== "0000" && !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(text);
        expect(normalizeValue({ kind: "date" }, text).problem === null, text).toBe(exists);
        expect(normalizeValue({ kind: "timestamp" }, `${text}T23:59:59.5Z`).problem === null, text).toBe(exists);
      }
    }
  }
});
