import { describe, expect, test } from "vitest";
import { z } from "zod";
import { decimal } from "./decimal.ts";
import { readRowSchema } from "./read-row-schema.ts";

function columnOf(schema: z.ZodType): unknown {
  const reading = readRowSchema(z.object({ x: schema }));
  if (reading.schema === null) return reading.problems.map((problem) => problem.code);
  const [column] = reading.schema.columns;
  return column === undefined ? null : [column.type, column.isNullable ? column.nullAs : "not null"];
}

/** What the compiler makes of a numeric enum. */
const Level = { Low: 0, High: 1, 0: "Low", 1: "High" } as const;

describe("columns", () => {
  test.each([
    ["string", z.string(), { kind: "text" }],
    ["email", z.email().max(80), { kind: "text" }],
    ["url", z.url(), { kind: "text" }],
    ["time", z.iso.time(), { kind: "text" }],
    ["template", z.templateLiteral(["x", z.number()]), { kind: "text" }],
    ["enum", z.enum(["b", "a"]), { kind: "text", values: ["b", "a"] }],
    ["numeric enum", z.enum(Level), { kind: "integer" }],
    ["literal", z.literal(["a", "b"]), { kind: "text", values: ["a", "b"] }],
    ["literal number", z.literal(1.5), { kind: "double" }],
    ["number", z.number(), { kind: "double" }],
    ["float32", z.float32(), { kind: "double" }],
    ["int", z.int(), { kind: "integer" }],
    ["number.int", z.number().min(1).int(), { kind: "integer" }],
    ["int32", z.int32(), { kind: "integer" }],
    ["coerced", z.coerce.number(), { kind: "double" }],
    ["bigint", z.bigint(), { kind: "bigint" }],
    ["int64", z.int64(), { kind: "bigint" }],
    ["boolean", z.boolean(), { kind: "boolean" }],
    ["stringbool", z.stringbool(), { kind: "boolean" }],
    ["date", z.iso.date(), { kind: "date" }],
    ["datetime", z.iso.datetime(), { kind: "timestamp" }],
    ["datetime with offset", z.iso.datetime({ offset: true, precision: 3 }), { kind: "timestamp" }],
    ["decimal", decimal(12, 2), { kind: "decimal", precision: 12, scale: 2 }],
    [
      "described decimal",
      decimal(12, 2).describe("money").brand<"Money">(),
      { kind: "decimal", precision: 12, scale: 2 },
    ],
    ["array", z.array(z.string()), { kind: "json" }],
    ["object", z.object({ a: z.number().optional() }), { kind: "json" }],
    ["record", z.record(z.string(), z.number()), { kind: "json" }],
    ["tuple", z.tuple([z.string(), z.number()]), { kind: "json" }],
    ["union of kinds", z.union([z.string(), z.number()]), { kind: "json" }],
    ["union of texts", z.union([z.literal("a"), z.email()]), { kind: "text" }],
    ["union of literals", z.union([z.literal("a"), z.literal("b")]), { kind: "text", values: ["a", "b"] }],
    [
      "discriminated union",
      z.discriminatedUnion("t", [z.object({ t: z.literal("a") }), z.object({ t: z.literal("b") })]),
      { kind: "json" },
    ],
    ["pipe", z.string().transform(Number).pipe(z.int()), { kind: "integer" }],
    ["preprocess", z.preprocess(String, z.string()), { kind: "text" }],
    ["default", z.string().optional().default("x"), { kind: "text" }],
    ["catch", z.number().catch(0), { kind: "double" }],
    ["readonly", z.array(z.string()).readonly(), { kind: "json" }],
    ["lazy", z.lazy(() => z.bigint()), { kind: "bigint" }],
    ["nonoptional", z.string().optional().nonoptional(), { kind: "text" }],
  ])("%s", (_name, schema, type) => {
    expect(columnOf(schema)).toEqual([type, "not null"]);
  });

  test.each([
    ["nullable", z.string().nullable(), "null"],
    ["optional", z.string().optional(), "absent"],
    ["nullish", z.string().nullish(), "null"],
    ["optional over nullable", z.string().nullable().optional(), "null"],
    ["null in a union", z.union([z.string(), z.null()]), "null"],
    ["null in a literal", z.literal(["a", null]), "null"],
    ["default of nullable", z.string().nullable().default("x"), "null"],
    ["exact optional", z.string().exactOptional(), "absent"],
  ])("%s may be NULL", (_name, schema, nullAs) => {
    expect(columnOf(schema)).toEqual([expect.objectContaining({ kind: "text" }), nullAs]);
  });

  test("JSON of any shape may be NULL, because null is one of its values", () => {
    expect([z.any(), z.unknown(), z.json()].map(columnOf)).toEqual(
      Array.from({ length: 3 }, () => [{ kind: "json" }, "null"]),
    );
  });
});

describe("problems", () => {
  test.each([
    ["Date", z.date()],
    ["symbol", z.symbol()],
    ["map", z.map(z.string(), z.string())],
    ["set", z.set(z.string())],
    ["promise", z.promise(z.string())],
    ["nan", z.nan()],
    ["null", z.null()],
    ["undefined", z.undefined()],
    ["void", z.void()],
    ["never", z.never()],
    ["custom", z.custom<string>()],
    ["transform", z.string().transform(Number)],
    ["uint64", z.uint64()],
    ["local datetime", z.iso.datetime({ local: true })],
    ["mixed literal", z.literal(["a", 1])],
    ["Date inside JSON", z.array(z.object({ at: z.date() }))],
    ["bigint inside JSON", z.record(z.string(), z.bigint())],
    ["function", z.function()],
  ])("%s is refused", (_name, schema) => {
    expect(columnOf(schema as z.ZodType)).toEqual(["SCHEMA_UNSUPPORTED"]);
  });

  test("every problem is reported, with its column and a fix", () => {
    const { problems } = readRowSchema(z.looseObject({ a: z.date(), b: z.string(), c: z.set(z.string()) }));
    expect(problems.map((problem) => problem.message)).toEqual([
      "the schema accepts properties that it does not declare, and they have no column",
      'column "a" cannot be stored: z.date() is a JavaScript Date, which has no microseconds',
      'column "c" cannot be stored: z.set() has no form in JSON',
    ]);
    expect(problems.every((problem) => problem.hint !== undefined)).toBe(true);
  });

  test.each([[z.string()], [z.object({}).transform(() => 1)], [{}], [null], ["x"]])(
    "%o is not a zod object",
    (value) => {
      expect(readRowSchema(value).problems).toMatchObject([{ code: "SCHEMA_NOT_AN_OBJECT" }]);
    },
  );

  test.each([[""], ["x".repeat(64)], ["a\0b"], ["\ud800"], ["__proto__"]])("%o cannot be a column's name", (name) => {
    expect(readRowSchema(z.object({ [name]: z.string() })).problems).toMatchObject([
      { code: "SCHEMA_COLUMN_NAME_INVALID" },
    ]);
  });

  test("names that differ only in case are refused, because DuckDB does not tell them apart", () => {
    expect(readRowSchema(z.object({ id: z.string(), ID: z.string() })).problems).toMatchObject([
      { message: 'the columns "id" and "ID" differ only in upper and lower case' },
    ]);
  });

  test("recursive schemas end", () => {
    const Tree: z.ZodType = z.lazy(() => z.object({ children: z.array(Tree) }));
    expect(columnOf(Tree)).toEqual([{ kind: "json" }, "not null"]);
    const grow = (): z.ZodType => z.lazy(() => z.object({ child: grow().optional() }));
    expect(columnOf(grow())).toEqual([{ kind: "json" }, "not null"]);
  });
});

test("columns keep the order of the object's keys", () => {
  expect(
    readRowSchema(z.object({ b: z.string(), a: z.string() }).readonly()).schema?.columns.map((column) => column.name),
  ).toEqual(["b", "a"]);
});
