import { describe, expect, test } from "vitest";
import { z } from "zod";
import { asset, assets, isDefinition, merge, query, source, type Definition, type In } from "../index.ts";

const Row = z.object({ day: z.string(), id: z.string(), n: z.number() });
const rows = asset({ schema: Row }, () => []);

function definitionOf(value: unknown): Definition {
  if (!isDefinition(value)) throw new Error("not a definition");
  return value;
}

describe("a definition", () => {
  test("is frozen plain data with defaults", () => {
    const definition = definitionOf(rows);
    expect(definition).toMatchObject({
      kind: "asset",
      partitions: null,
      name: null,
      description: null,
      tags: [],
      group: null,
      execution: { timeoutMs: 1_800_000, maxAttempts: 3, resource: null },
      policy: null,
      late: null,
      key: [],
      store: null,
    });
    expect(definition.schema).toBe(Row);
    expect([definition, definition.tags, definition.execution, definition.key].every(Object.isFrozen)).toBe(true);
  });

  test("keeps the author's function as it is", () => {
    const load = () => [];
    expect(source({ schema: Row, resource: "x" }, load).fn).toBe(load);
  });

  test("has its key in the order of the schema", () => {
    expect(definitionOf(asset({ schema: Row, key: ["id", "day"] }, () => [])).key).toEqual(["day", "id"]);
  });

  test("reads its timeout", () => {
    const timeouts = (["500ms", "1.5s", "15m", "2h", "1d"] as const).map((timeout) =>
      asset({ schema: Row, timeout }, () => []),
    );
    expect(timeouts.map((each) => definitionOf(each).execution.timeoutMs)).toEqual([
      500, 1_500, 900_000, 7_200_000, 86_400_000,
    ]);
  });

  test("is told from other values", () => {
    expect([rows, query({ schema: Row }, () => ({ compile: () => ({}) as never }))].every(isDefinition)).toBe(true);
    expect([null, {}, rows.fn, { kind: "asset" }].some(isDefinition)).toBe(false);
  });
});

describe("a merge", () => {
  const branches = (a: In<typeof rows>, b: In<typeof rows>) => ({ a, b });

  test("has its policy as data", () => {
    const merged = merge(
      {
        schema: Row,
        key: ["id", "day"],
        policy: "recencyFirst",
        columns: { n: "priorityFirst" },
        trust: { b: 2 },
        eventTime: "day",
        late: { grace: "2h", beyond: "hold" },
      },
      branches,
    );
    expect(definitionOf(merged)).toMatchObject({
      kind: "merge",
      policy: {
        key: ["day", "id"],
        rows: "recencyFirst",
        columns: { n: "priorityFirst" },
        trust: { b: 2 },
        eventTime: "day",
      },
      late: { graceMs: 7_200_000, beyond: "hold" },
    });
  });

  test.each([
    ["an empty key", { key: [], policy: "recencyFirst" }, /key/],
    ["no policy", { key: ["id"] }, /policy/],
    ["another policy", { key: ["id"], policy: "newest" }, /"newest"/],
    ["a key that is no column", { key: ["no"], policy: "recencyFirst" }, /"no"/],
    [
      "a policy for what is no column",
      { key: ["id"], policy: "recencyFirst", columns: { no: "recencyFirst" } },
      /"no"/,
    ],
    [
      "a policy for a part of the key",
      { key: ["id"], policy: "recencyFirst", columns: { id: "recencyFirst" } },
      /"id"/,
    ],
    [
      "policies of columns with unionDistinct",
      { key: ["id"], policy: "unionDistinct", columns: { n: "recencyFirst" } },
      /unionDistinct/,
    ],
    ["trust that is no whole number", { key: ["id"], policy: "recencyFirst", trust: { a: 0.5 } }, /0.5/],
  ])("is refused with %s", (_name, options, message) => {
    // Wrong on purpose: what a project without type checking may write.
    expect(() => Reflect.apply(merge, undefined, [{ schema: Row, ...options }, branches])).toThrow(
      expect.objectContaining({ code: "DEFINITION_INVALID", message: expect.stringMatching(message) }),
    );
  });
});

describe("wrong arguments are coded errors", () => {
  test.each([
    ["a schema that is no zod object", () => asset({ schema: z.string() }, () => [])],
    ["no function", () => Reflect.apply(asset, undefined, [{ schema: Row }])],
    ["a key that is no column", () => Reflect.apply(asset, undefined, [{ schema: Row, key: ["x"] }, () => []])],
    ["a name that is no key", () => asset({ schema: Row, name: "a b" }, () => [])],
    ["a timeout without unit", () => Reflect.apply(asset, undefined, [{ schema: Row, timeout: "15" }, () => []])],
    ["a timeout of nothing", () => asset({ schema: Row, timeout: "0s" }, () => [])],
    ["no attempts", () => asset({ schema: Row, maxAttempts: 0 }, () => [])],
    ["a source without resource", () => source({ schema: Row, resource: "" }, () => [])],
    ["a key of a group that is no identifier", () => assets(["a-b"], () => rows)],
    ["a key of a group twice", () => assets(["a", "a"], () => rows)],
  ])("%s", (_name, define) => {
    expect(define).toThrow(expect.objectContaining({ code: "DEFINITION_INVALID", hint: expect.any(String) }));
  });
});

test("a group has one asset per key", () => {
  const group = assets(["eu", "us"], (key) => source({ schema: Row, resource: key }, () => []));
  expect(Object.keys(group)).toEqual(["eu", "us"]);
  expect(definitionOf(group.us).execution.resource).toBe("us");
  expect(Object.isFrozen(group)).toBe(true);
});
