import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/* docs/reference/faults.md against the tests that it names. */
const root = fileURLToPath(new URL("../../../../", import.meta.url));
const page = readFileSync(`${root}docs/reference/faults.md`, "utf8");

interface Row {
  readonly number: number;
  readonly cell: string;
  readonly tests: readonly { readonly file: string; readonly title: string }[];
}

const rows = [...page.matchAll(/^\| (\d+) \| [^|]+ \| (.+) \|$/gm)].map(([, number = "", cell = ""]): Row => ({
  number: Number(number),
  cell,
  // A title may contain quotation marks: it ends where the line of the cell does.
  tests: cell.split("<br>").flatMap((line) => {
    const [, file, title] = /^`([^`]+\.ts)`: "(.+)"$/.exec(line) ?? [];
    return file === undefined || title === undefined ? [] : [{ file, title }];
  }),
}));

test("every fault of the catalogue is a row, once and in order", () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 98 }, (_, index) => index + 1));
});

test.each(rows)("row $number names a test, or says why it has none", ({ cell, tests }) => {
  if (tests.length === 0) expect(cell).toMatch(/^Not covered: .{20,}/);
});

test.each(rows.filter(({ tests }) => tests.length > 0))("the tests of row $number exist", ({ tests }) => {
  for (const { file, title } of tests) {
    const path = file.startsWith("examples/") ? `${root}${file}` : `${root}packages/${file}`;
    expect(existsSync(path), `${file} is not there`).toBe(true);
    const quoted = [`"${title}"`, `'${title}'`, `\`${title}\``];
    const text = readFileSync(path, "utf8");
    expect(
      quoted.some((each) => text.includes(each)),
      `${file} has no test "${title}"`,
    ).toBe(true);
  }
});
