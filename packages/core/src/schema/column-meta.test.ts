import { describe, expect, test } from "vitest";
import { z } from "zod";
import { fieldOf } from "./column-meta.ts";
import { readRowSchema } from "./read-row-schema.ts";

function read(shape: z.ZodRawShape) {
  const reading = readRowSchema(z.object(shape));
  return reading.schema?.columns.map((column) => [column.name, fieldOf(column), column.unit]) ?? reading.problems;
}

describe("what .meta() says of a column", () => {
  test("is its field id, by default its name, and its unit, by default none", () => {
    expect(read({ a: z.string(), b: z.int().meta({ field: "old_b", unit: "EUR" }) })).toEqual([
      ["a", "a", undefined],
      ["b", "old_b", "EUR"],
    ]);
    const column = readRowSchema(z.object({ a: z.string() })).schema?.columns[0];
    expect(Object.keys(column ?? {})).toEqual(["name", "type", "isNullable", "nullAs"]);
  });

  test.each([
    ["inside what is optional", z.int().meta({ field: "x" }).optional()],
    ["around what is optional", z.int().optional().meta({ field: "x" })],
    ["before a check", z.int().meta({ field: "x" }).min(1)],
    ["inside a default", z.int().meta({ field: "x" }).default(1)],
    [
      "at what a pipe gives",
      z
        .string()
        .transform(Number)
        .pipe(z.int().meta({ field: "x" })),
    ],
    ["inside of another that says less", z.int().meta({ field: "x" }).nullable().meta({ title: "a number" })],
    ["around another", z.int().meta({ field: "y" }).nullable().meta({ field: "x" })],
  ])("is found %s", (_, schema) => {
    expect(read({ a: schema })).toMatchObject([["a", "x", undefined]]);
  });

  test.each([1, "", "a\u0000", "x".repeat(64)])("is refused when it is %j", (field) => {
    expect(read({ a: z.int().meta({ field }) })).toMatchObject([
      { code: "SCHEMA_UNSUPPORTED", message: expect.stringContaining('column "a": "field"') },
    ]);
  });

  test("gives an id to one column only", () => {
    expect(read({ a: z.string(), b: z.string().meta({ field: "a" }) })).toMatchObject([
      { code: "SCHEMA_UNSUPPORTED", message: 'the columns "a" and "b" have the same field id "a"' },
    ]);
  });
});
