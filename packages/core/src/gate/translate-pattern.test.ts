import { expect, test } from "vitest";
import { translatePattern } from "./translate-pattern.ts";

test.each([
  [/^[A-Z]{3}$/, "^[A-Z]{3}$"],
  [/^\d+\/\d*$/, "^[0-9]+\\/[0-9]*$"],
  [/(a|b)c/, "(?:a|b)c"],
  [/^a|b$/u, "^a|b$"],
  [/[\w.-]+@x\.org/, "[A-Za-z0-9_.\\-]+@x\\.org"],
  [/[\]\\[^]/, "[\\]\\\\\\[\\^]"],
  [/a{2,}b?/, "a{2,}b?"],
])("%o is written for all engines", (regex, pattern) => {
  expect(translatePattern(regex)).toBe(pattern);
});

test.each([
  [/a/i, "flags"],
  [/a.c/, "the dot"],
  [/[^a]/, "a negated class"],
  [/\s/, "white space"],
  [/\bx/, "word boundaries"],
  [/(?=a)b/, "look-ahead"],
  [/(?<!a)b/, "look-behind"],
  [/(?<name>a)/, "named groups"],
  [/(a)\1/, "back references"],
  [/a+?/, "lazy quantifiers"],
  [/a{256}/, "counts that Postgres refuses"],
  [/é/, "what is not ASCII"],
  [/\u0041/, "escapes of characters"],
  [/a^b/, "anchors in the middle"],
  [/$$/, "repeated anchors"],
  [/\|^a/, "an anchor after a literal bar"],
  [/[\d-x]/, "a range from a class"],
  [new RegExp("[]"), "the empty class"],
  [/a{,2}/, "a brace that is no count"],
])("%o is left to zod: %s", (regex) => {
  expect(translatePattern(regex)).toBeNull();
});
