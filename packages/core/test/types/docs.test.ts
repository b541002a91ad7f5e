import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { compile } from "./tsc.ts";

const readPage = (name: string) => readFile(new URL(`../../../../docs/reference/${name}`, import.meta.url), "utf8");

/** The TypeScript of a page, all of it one module, on the lines where the page has it. */
function extractProgram(page: string): string {
  let isInside = false;
  return page
    .split("\n")
    .map((line) => {
      if (line.startsWith("```")) isInside = line === "```ts";
      return isInside && !line.startsWith("```") ? line : "";
    })
    .join("\n");
}

test("the programs of the reference pages compile", async () => {
  const { diagnostics } = await compile({
    "asset-language.ts": extractProgram(await readPage("asset-language.md")),
    "columns.ts": extractProgram(await readPage("columns.md")),
  });
  expect(diagnostics).toEqual([]);
});

test("every function and option of the language is in its reference", async () => {
  const page = await readPage("asset-language.md");
  const door = await readFile(new URL("../../src/index.ts", import.meta.url), "utf8");
  const functions = [
    ...door.matchAll(
      /export \{ ([^}]*) \} from "[.]\/dsl\/(?:asset|assets|source|query|merge\/merge|merge\/custom|partitions)[.]ts"/g,
    ),
  ]
    .flatMap((match) => (match[1] ?? "").split(", "))
    .filter((name) => !name.startsWith("type "));
  expect(functions.length).toBeGreaterThan(10);
  expect(functions.filter((name) => !page.includes(`\`${name}(`))).toEqual([]);
});
