import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A test as a page names it; `file` is below `packages/`, or begins with `examples/`. */
export interface NamedTest {
  readonly file: string;
  readonly title: string;
}

/** A row of a page whose last cell names tests: `` `file`: "title" ``, each in a line of its own. */
export interface TestRow {
  readonly id: string;
  readonly cell: string;
  readonly tests: readonly NamedTest[];
}

/** Rows of three cells of a page under `docs/`, in their order. `id` is what the first cell looks like. */
export function readTestRows(page: string, id: RegExp): readonly TestRow[] {
  const text = readFileSync(`${root}docs/${page}`, "utf8");
  return [...text.matchAll(/^\| ([^|]+) \| [^|]+ \| (.+) \|$/gm)]
    .filter(([, first = ""]) => id.test(first))
    .map(([, first = "", cell = ""]) => ({
      id: first,
      cell,
      // A title may contain quotation marks: it ends where the line of the cell does.
      tests: cell.split("<br>").flatMap((line) => {
        const [, file, title] = /^`([^`]+\.ts)`: "(.+)"$/.exec(line) ?? [];
        return file === undefined || title === undefined ? [] : [{ file, title }];
      }),
    }));
}

/** Whether the file is there and has a text of that wording. */
export function hasTest({ file, title }: NamedTest): boolean {
  const path = file.startsWith("examples/") ? `${root}${file}` : `${root}packages/${file}`;
  if (!existsSync(path)) return false;
  const text = readFileSync(path, "utf8");
  return [`"${title}"`, `'${title}'`, `\`${title}\``].some((each) => text.includes(each));
}
