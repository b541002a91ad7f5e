import type { MergePolicy } from "@watersmeet/core/merge";
import type { Column } from "@watersmeet/core/schema";
import { parseAssetKey } from "@watersmeet/core/values";
import { describe, expect, it } from "vitest";
import { parseKey } from "./parse-key.ts";

const column = (name: string, type: Column["type"]): Column => ({ name, type, isNullable: false, nullAs: "null" });
const columns = [
  column("code", { kind: "text" }),
  column("line", { kind: "integer" }),
  column("serial", { kind: "bigint" }),
  column("day", { kind: "date" }),
  column("at", { kind: "timestamp" }),
  column("price", { kind: "decimal", precision: 8, scale: 2 }),
  column("isOpen", { kind: "boolean" }),
];

function parse(key: readonly string[], given: Readonly<Record<string, string>>): unknown {
  const policy: MergePolicy = { key, rows: "recencyFirst", columns: {}, trust: {}, eventTime: null };
  return parseKey({ key: parseAssetKey("airports"), policy, spec: { schema: { columns } } }, given);
}

describe("a key as text", () => {
  it("becomes cells of the columns' types, in the one form in which keys are compared", () => {
    const given = {
      code: "Cafe\u0301",
      line: "-12",
      serial: "9007199254740993",
      day: "2001-01-31",
      at: "2001-01-31T05:00:00.120Z",
      price: "12.5",
      isOpen: "true",
    };
    expect(
      parse(
        columns.map(({ name }) => name),
        given,
      ),
    ).toEqual({
      code: "Caf\u00e9",
      line: -12,
      serial: 9007199254740993n,
      day: "2001-01-31",
      at: "2001-01-31T05:00:00.12Z",
      price: "12.50",
      isOpen: true,
    });
  });

  it.each([
    [{}, "needs line"],
    [{ line: "1", code: "TXL" }, "code is not part of the key"],
    [{ line: "1.5" }, "not of type integer"],
    [{ line: "" }, "not of type integer"],
    [{ line: "9007199254740993" }, "integer"],
  ])("is refused when it is %j", (given, message) => {
    expect(() => parse(["line"], given)).toThrow(expect.objectContaining({ code: "KEY_INVALID" }));
    expect(() => parse(["line"], given)).toThrow(message);
  });

  it("says what a key looks like", () => {
    expect(() => parse(["code", "day"], { code: "TXL" })).toThrow(
      expect.objectContaining({ hint: "A key of airports is code=<text> day=<date>." }),
    );
  });

  it("is refused when a text cannot be stored", () => {
    expect(() => parse(["code"], { code: "a\0b" })).toThrow(expect.objectContaining({ code: "KEY_INVALID" }));
  });
});
