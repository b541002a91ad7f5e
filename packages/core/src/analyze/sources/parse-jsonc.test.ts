import fc from "fast-check";
import { expect, test } from "vitest";
import { parseJsonc } from "./parse-jsonc.ts";

test("comments and trailing commas are no part of the data, texts that look like them are", () => {
  const text = '{\n  // one\n  "a": "// \\" /* no */ ,]", /* two, } */ "b": [1, 2, ],\n}';
  expect(parseJsonc(text)).toEqual({ a: '// " /* no */ ,]', b: [1, 2] });
});

test("plain JSON means what it means", () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      expect(parseJsonc(json)).toEqual(JSON.parse(json));
    }),
  );
});
