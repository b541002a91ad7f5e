import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import type { Problem } from "./problem.ts";
import { renderProblem } from "./render-problem.ts";

const problem: Problem = {
  code: "ANALYZE_UNKNOWN_NAME",
  message: 'there is no "ordrs"',
  hint: "Did you mean `orders`?",
  at: { file: "assets/a.ts", line: 10, column: 15, endLine: 10, endColumn: 27 },
};
const source = `${"\n".repeat(8)}// before\nexport const (typeof ordrs)\n`;

test("a problem is shown with its place, the line before, the line, a caret and the hint", () => {
  expect(renderProblem(problem, source, { color: false })).toBe(
    [
      'error ANALYZE_UNKNOWN_NAME: there is no "ordrs"',
      "  --> assets/a.ts:10:15",
      "   9 | // before",
      "> 10 | export const (typeof ordrs)",
      "     |               ^^^^^^^^^^^^",
      "  = Did you mean `orders`?",
    ].join("\n"),
  );
});

test("without the text, or a line of it, the place stands alone", () => {
  const expected = [
    'error ANALYZE_UNKNOWN_NAME: there is no "ordrs"',
    "  --> assets/a.ts:10:15",
    "  = Did you mean `orders`?",
  ].join("\n");
  expect(renderProblem(problem, undefined, { color: false })).toBe(expected);
  expect(renderProblem(problem, "one line", { color: false })).toBe(expected);
});

test("without place and hint there is one line", () => {
  expect(renderProblem({ code: "CONFIG_INVALID", message: "no" }, undefined, { color: false })).toBe(
    "error CONFIG_INVALID: no",
  );
});

test("tabs before the place stay tabs, so that the caret stands under it", () => {
  const at = { file: "a.ts", line: 1, column: 3, endLine: 1, endColumn: 4 };
  expect(
    renderProblem({ ...problem, at }, "\t\tx\r\n", { color: false })
      .split("\n")
      .slice(2, 4),
  ).toEqual(["> 1 | \t\tx", "    | \t\t^"]);
});

test("a place that spans lines is marked to the end of its first line", () => {
  const at = { file: "a.ts", line: 1, column: 2, endLine: 3, endColumn: 1 };
  expect(renderProblem({ ...problem, at }, "abc\ndef\n", { color: false }).split("\n")[3]).toBe("    |  ^^");
});

test("a long line is cut around the place", () => {
  const line = `${"x".repeat(500)}here${"y".repeat(500)}`;
  const at = { file: "a.ts", line: 1, column: 501, endLine: 1, endColumn: 505 };
  const [, , shown = "", caret = ""] = renderProblem({ ...problem, at }, line, { color: false }).split("\n");
  expect(shown.length).toBeLessThan(150);
  expect(shown.slice(caret.indexOf("^"), caret.lastIndexOf("^") + 1)).toBe("here");
});

test("colours are escape sequences and change no text", () => {
  const coloured = renderProblem(problem, source, { color: true });
  expect(coloured).toContain("\u001B[1;31merror ANALYZE_UNKNOWN_NAME\u001B[0m");
  expect(stripVTControlCharacters(coloured)).toBe(renderProblem(problem, source, { color: false }));
});
