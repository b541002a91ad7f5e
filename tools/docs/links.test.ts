import { existsSync, globSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const pages = [...globSync("docs/**/*.md", { cwd: root }), "README.md", "CONTRIBUTING.md"].sort();

function read(page: string): string {
  return readFileSync(join(root, page), "utf8");
}

/** The text without fences: what they hold is code. */
function readProse(page: string): string {
  return read(page).replaceAll(/^```[\s\S]*?^```$/gm, "");
}

test("every relative link of the documentation leads somewhere", () => {
  expect(pages.flatMap(findDeadLinks)).toEqual([]);
});

test("every file that the documentation names exists", () => {
  expect(pages.flatMap(findMissingFiles)).toEqual([]);
});

test("every page of the documentation is in its index", () => {
  const index = new Set(linksOf("docs/README.md").map(({ file }) => file));
  const decisions = new Set(linksOf("docs/decisions/README.md").map(({ file }) => file));
  const unlisted = pages.filter((page) => !index.has(page) && !decisions.has(page));
  expect(unlisted).toEqual(["README.md", "docs/README.md"]);
});

test("the TypeScript of concepts and reference pages can be parsed", () => {
  const programs = pages
    .filter((page) => /^docs[/](concepts|reference)[/]/.test(page))
    .flatMap((page) => [...read(page).matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = ""]) => ({ page, code })));
  expect(programs.length).toBeGreaterThan(5);
  expect(programs.flatMap(({ page, code }) => (canBeParsed(code) ? [] : [`${page}: ${code}`]))).toEqual([]);
});

interface PageLink {
  /** From the repository's root. */
  readonly file: string;
  readonly anchor: string | undefined;
}

function linksOf(page: string): readonly PageLink[] {
  const targets = [...readProse(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = "", anchor] = target.split("#");
      return { file: path === "" ? page : join(dirname(page), path), anchor };
    });
}

function findDeadLinks(page: string): readonly string[] {
  return linksOf(page)
    .filter(({ file, anchor }) => {
      if (!existsSync(join(root, file))) return true;
      return anchor !== undefined && file.endsWith(".md") && !anchorsOf(file).has(anchor);
    })
    .map(({ file, anchor }) => `${page}: ${file}${anchor === undefined ? "" : `#${anchor}`}`);
}

/** Headings as GitHub makes anchors of them. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = [...readProse(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

const tree = "{packages,tools,examples,docs,.ci}/**/*.{ts,tsx,js,sql,md,json,css}";
const isForeign = (path: string) => /(^|[/])(node_modules|[.]watersmeet|dist)([/]|$)/.test(path);
const files = globSync(tree, { cwd: root, exclude: isForeign }).map((file) => `/${file}`);

/** Paths in backticks: from the root, where they may be patterns, or the end of a file's path, where the page has said in which folder. */
function findMissingFiles(page: string): readonly string[] {
  const named = [...readProse(page).matchAll(/`([\w.@*{},/-]+)`/g)].map(([, path = ""]) => path);
  return named
    .filter((path) => {
      if (/^(packages|tools|examples|docs)[/]/.test(path)) return globSync(path, { cwd: root }).length === 0;
      if (!/^[\w.-]+([/][\w.-]+)+[.](ts|tsx|js|sql|md|json)$/.test(path)) return false;
      return !files.some((file) => file.endsWith(`/${path}`));
    })
    .map((path) => `${page}: ${path}`);
}

function canBeParsed(code: string): boolean {
  try {
    stripTypeScriptTypes(code);
    return true;
  } catch {
    return false;
  }
}
