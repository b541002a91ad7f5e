import { describe, expect, test } from "vitest";
import { z } from "zod";
import { decimal } from "../../schema/decimal.ts";
import { readRowSchema } from "../../schema/read-row-schema.ts";
import { assignEpoch, hashEpoch } from "./assign-epoch.ts";
import { compareEpochs } from "./compare-epochs.ts";
import type { EpochField } from "./epoch.ts";
import { listEpochFields } from "./list-epoch-fields.ts";

function form(columns: z.ZodRawShape, key: readonly string[] = ["id"]): readonly EpochField[] {
  const { schema, problems } = readRowSchema(z.object({ id: z.string(), ...columns }));
  if (schema === null) throw new TypeError(problems.map(({ message }) => message).join());
  return listEpochFields(schema, key);
}

function kinds(from: readonly EpochField[], to: readonly EpochField[]): readonly string[] {
  return compareEpochs(from, to).map(({ kind, isCompatible }) => `${kind} ${isCompatible ? "ok" : "no"}`);
}

describe("reading a schema as a form", () => {
  test("a field's id is its column's first name, unless .meta says another", () => {
    const now = form({
      title: z.string().meta({ field: "name" }),
      fee: decimal(8, 2).meta({ unit: "EUR" }).optional(),
    });
    expect(now.map(({ id, name, unit, isKey, isNullable }) => [id, name, unit, isKey, isNullable])).toEqual([
      ["id", "id", null, true, false],
      ["name", "title", null, false, false],
      ["fee", "fee", "EUR", false, true],
    ]);
  });
});

describe("compatibility of two forms (M39)", () => {
  test.each<[string, z.ZodRawShape, z.ZodRawShape, string]>([
    ["a new optional column", {}, { x: z.string().optional() }, "added ok"],
    ["a new nullable column", {}, { x: z.string().nullable() }, "added ok"],
    ["a new column that must be there", {}, { x: z.string() }, "addedRequired no"],
    ["a column left out", { x: z.string() }, {}, "removed ok"],
    ["another name under the same id", { x: z.string() }, { y: z.string().meta({ field: "x" }) }, "renamed ok"],
    ["integer to bigint", { x: z.int() }, { x: z.bigint() }, "typeWidened ok"],
    ["bigint to integer", { x: z.bigint() }, { x: z.int() }, "typeChanged no"],
    ["integer to double", { x: z.int() }, { x: z.number() }, "typeChanged no"],
    ["more digits of a decimal", { x: decimal(8, 2) }, { x: decimal(12, 2) }, "typeWidened ok"],
    ["fewer digits of a decimal", { x: decimal(12, 2) }, { x: decimal(8, 2) }, "typeChanged no"],
    ["another scale", { x: decimal(8, 2) }, { x: decimal(9, 3) }, "typeChanged no"],
    ["double to decimal", { x: z.number() }, { x: decimal(8, 2) }, "typeChanged no"],
    ["date to timestamp", { x: z.iso.date() }, { x: z.iso.datetime() }, "typeChanged no"],
    ["text to number", { x: z.string() }, { x: z.int() }, "typeChanged no"],
    ["an enum with more values", { x: z.enum(["a"]) }, { x: z.enum(["b", "a"]) }, "typeWidened ok"],
    ["an enum opened to text", { x: z.enum(["a"]) }, { x: z.string() }, "typeWidened ok"],
    ["an enum with fewer values", { x: z.enum(["a", "b"]) }, { x: z.enum(["a"]) }, "typeChanged no"],
    ["text closed to an enum", { x: z.string() }, { x: z.enum(["a"]) }, "typeChanged no"],
    ["NULL allowed", { x: z.string() }, { x: z.string().nullable() }, "nullableWidened ok"],
    ["NULL not allowed any more", { x: z.string().nullable() }, { x: z.string() }, "nullableNarrowed no"],
    ["another unit", { x: z.int().meta({ unit: "EUR" }) }, { x: z.int().meta({ unit: "ct" }) }, "unitChanged no"],
    ["a unit where none was said", { x: z.int() }, { x: z.int().meta({ unit: "EUR" }) }, "unitChanged no"],
  ])("%s", (_, from, to, expected) => {
    expect(kinds(form(from), form(to))).toEqual([expected]);
  });

  test.each<[string, readonly EpochField[], readonly EpochField[], number]>([
    ["a key column's type", form({ n: z.int() }, ["id", "n"]), form({ n: z.bigint() }, ["id", "n"]), 1],
    ["a key column's name", form({ n: z.int() }, ["n"]), form({ m: z.int().meta({ field: "n" }) }, ["m"]), 1],
    ["a column into the key", form({ n: z.int() }), form({ n: z.int() }, ["id", "n"]), 1],
    ["a column out of the key", form({ n: z.int() }, ["id", "n"]), form({ n: z.int() }), 1],
    ["a new key column", form({}), form({ n: z.int() }, ["id", "n"]), 1],
    ["a key column left out", form({ n: z.int() }, ["id", "n"]), form({}), 1],
    [
      "the order of the key",
      form({ a: z.int(), b: z.int() }, ["a", "b"]),
      form({ b: z.int(), a: z.int() }, ["a", "b"]),
      1,
    ],
  ])("no change of %s is compatible", (_, from, to, count) => {
    expect(kinds(from, to)).toEqual(Array.from({ length: count }, () => "keyChanged no"));
  });

  test("a key's enum may get more values, which changes no bytes", () => {
    expect(kinds(form({ r: z.enum(["a"]) }, ["r"]), form({ r: z.enum(["a", "b"]) }, ["r"]))).toEqual([
      "typeWidened ok",
    ]);
  });

  test("each change says in a sentence what differs", () => {
    const [renamed, widened] = compareEpochs(form({ x: z.int() }), form({ y: z.bigint().meta({ field: "x" }) }));
    expect(renamed?.text).toBe('"x" is called "y" now');
    expect(widened?.text).toBe('"y" was integer and is bigint');
  });
});

describe("the identity of a form", () => {
  const fields = form({ a: z.enum(["x", "y"]), b: z.int() });

  test("does not depend on the order of columns or of an enum's values", () => {
    expect(hashEpoch(form({ b: z.int(), a: z.enum(["y", "x"]) }))).toBe(hashEpoch(fields));
    expect(compareEpochs(form({ b: z.int(), a: z.enum(["y", "x"]) }), fields)).toEqual([]);
  });

  test("depends on the order of the key, whose bytes follow it", () => {
    const [ab, ba] = [form({ a: z.int(), b: z.int() }, ["a", "b"]), form({ b: z.int(), a: z.int() }, ["a", "b"])];
    expect(hashEpoch(ab)).not.toBe(hashEpoch(ba));
  });

  test("is the next number when it is new, and the old one when an edit is taken back", () => {
    const first = assignEpoch([], fields);
    expect(first).toMatchObject({ isNew: true, epoch: { number: 1 } });
    const second = assignEpoch([first.epoch], form({}));
    expect(second).toMatchObject({ isNew: true, epoch: { number: 2 } });
    expect(assignEpoch([first.epoch, second.epoch], fields)).toEqual({ isNew: false, epoch: first.epoch });
  });
});
