import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { expect, test } from "vitest";
import { analyzeProject, analyzerVersion, hashSources, openAnalyzer } from "../../src/analyze/index.ts";
import { findStaleFiles } from "../../src/manifest/index.ts";
import { createProject, type ProjectFiles } from "./temporary-project.ts";

const files: ProjectFiles = {
  "assets/raw.ts": `import { source } from "@watersmeet/core";
import { Row } from "#lib/schema.ts";
export const orders = source({ schema: Row, resource: "shop" }, () => []);
`,
  "assets/paid.ts": `import { asset, type In } from "@watersmeet/core";
import { Row } from "@/schema.ts";
import type * as raw from "./raw.ts";
export const paid = asset({ schema: Row }, (o: In<typeof raw.orders>) => o.all());
`,
  "lib/schema.ts": `import { z } from "zod";
export const Row = z.object({ id: z.number() });
`,
  "package.json": '{ "imports": { "#lib/*": "./lib/*" } }',
  "tsconfig.json": '{\n  // Comments are allowed here.\n  "extends": "./tsconfig.paths.json",\n}',
  "tsconfig.paths.json": '{ "compilerOptions": { "paths": { "@/*": ["./lib/*"], "@/schema*": ["./lib/schema*"] } } }',
};
const assets = ["assets/**/*.ts"];

test("an edit, a new file and a removed one show in the next analysis", async () => {
  using project = createProject(files);
  await using analyzer = await openAnalyzer({ root: project.root, assets });
  const keys = async () => (await analyzer.analyze()).manifest.assets.map(({ key }) => key);
  expect(await keys()).toEqual(["orders", "paid"]);
  project.write({ "assets/paid.ts": (files["assets/paid.ts"] ?? "").replace("const paid", "const settled") });
  expect(await keys()).toEqual(["orders", "settled"]);
  project.write({ "assets/more.ts": (files["assets/raw.ts"] ?? "").replace("orders", "more") });
  expect(await keys()).toEqual(["more", "orders", "settled"]);
  project.remove("assets/more.ts");
  expect(await keys()).toEqual(["orders", "settled"]);
});

test("the manifest does not depend on the cache, on the globs' order, or on what was analyzed before", async () => {
  using project = createProject(files);
  const cacheDirectory = join(project.root, ".watersmeet/cache");
  const first = await analyzeProject({ root: project.root, assets, cacheDirectory });
  const second = await analyzeProject({ root: project.root, assets, cacheDirectory });
  const third = await analyzeProject({ root: project.root, assets: ["assets/raw.ts", "assets/*.ts", ...assets] });
  expect(first.problems).toEqual([]);
  expect(JSON.stringify(second)).toBe(JSON.stringify(first));
  expect(JSON.stringify(third)).toBe(JSON.stringify(first));
});

test("a torn, foreign or missing cache is as good as none, and is replaced", async () => {
  using project = createProject(files);
  const cacheDirectory = join(project.root, "cache");
  const path = join(cacheDirectory, "facts.json");
  const expected = await analyzeProject({ root: project.root, assets, cacheDirectory });
  const written = readFileSync(path, "utf8");
  const torn = [
    written.slice(0, written.length / 2),
    "",
    written.replace(analyzerVersion, "another/0"),
    written.replace("orders", "0rders"),
  ];
  for (const text of torn) {
    expect(text).not.toBe(written);
    writeFileSync(path, text);
    expect(await analyzeProject({ root: project.root, assets, cacheDirectory })).toEqual(expected);
    expect(readFileSync(path, "utf8")).toBe(written);
  }
  expect(readdirSync(cacheDirectory)).toEqual(["facts.json"]);
});

/** Analyzes in a process of its own, in which loading the parser is an error. */
function analyzeWithoutParser(root: string, cacheDirectory: string): string {
  const door = pathToFileURL(join(import.meta.dirname, "../../src/analyze/index.ts")).href;
  const script = `
    import { registerHooks } from "node:module";
    registerHooks({ resolve(specifier, context, next) { if (specifier === "ts-morph") throw new Error("the parser was loaded"); return next(specifier, context); } });
    const { analyzeProject } = await import(${JSON.stringify(door)});
    const { manifest } = await analyzeProject(${JSON.stringify({ root, assets, cacheDirectory })});
    console.log(manifest.assets.map(({ key }) => key).join(" "));
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
    encoding: "utf8",
  });
  return `${stdout}${/the parser was loaded/.exec(stderr)?.[0] ?? ""}`.trim();
}

test("an unchanged project with a warm cache never loads the parser", async () => {
  using project = createProject(files);
  const cacheDirectory = join(project.root, "cache");
  expect(analyzeWithoutParser(project.root, cacheDirectory)).toBe("the parser was loaded");
  await analyzeProject({ root: project.root, assets, cacheDirectory });
  expect(analyzeWithoutParser(project.root, cacheDirectory)).toBe("orders paid");
  project.write({ "lib/schema.ts": `${files["lib/schema.ts"] ?? ""}// edited\n` });
  expect(analyzeWithoutParser(project.root, cacheDirectory)).toBe("the parser was loaded");
});

test("the analyzer's version names the installed parser", () => {
  const installed: unknown = JSON.parse(
    readFileSync(join(import.meta.dirname, "../../node_modules/ts-morph/package.json"), "utf8"),
  );
  expect(installed).toMatchObject({ version: analyzerVersion.split("ts-morph/")[1] });
});

test("the manifest names every file that it depends on, and shows what became stale", async () => {
  using project = createProject(files);
  const { manifest } = await analyzeProject({ root: project.root, assets });
  expect(Object.keys(manifest.files)).toEqual([
    "assets/paid.ts",
    "assets/raw.ts",
    "lib/schema.ts",
    "package.json",
    "tsconfig.paths.json",
  ]);
  const stale = async () => findStaleFiles(manifest, await hashSources({ root: project.root, assets }, manifest));
  expect(await stale()).toEqual([]);
  project.write({ "lib/schema.ts": "export const Row = 1;", "assets/new.ts": "" });
  project.remove("assets/paid.ts");
  expect(await stale()).toEqual([
    { path: "assets/new.ts", change: "added" },
    { path: "assets/paid.ts", change: "removed" },
    { path: "lib/schema.ts", change: "changed" },
  ]);
});

test("tests and declarations beside the assets are not analyzed", async () => {
  using project = createProject({
    ...files,
    "assets/paid.test.ts": 'import { asset } from "@watersmeet/core";\nasset({}, () => []);',
    "assets/types.d.ts": "export {};",
  });
  const { manifest, problems } = await analyzeProject({ root: project.root, assets });
  expect(problems).toEqual([]);
  expect(Object.keys(manifest.files)).not.toContain("assets/paid.test.ts");
});

test("names of Object.prototype are names like others", async () => {
  using project = createProject({
    ...files,
    "assets/odd.ts": `import { asset, type In } from "@watersmeet/core";
import { Row } from "#lib/schema.ts";
import type * as raw from "./raw.ts";
export const constructor = asset({ schema: Row }, (toString: In<typeof raw.orders>) => toString.all());
export const valueOf = asset({ schema: Row }, (o: In<typeof constructor>, p: In<typeof hasOwnProperty>) => []);
`,
  });
  const { manifest, problems } = await analyzeProject({ root: project.root, assets });
  expect(problems.map(({ code }) => code)).toEqual(["ANALYZE_UNKNOWN_NAME"]);
  expect(manifest.assets.find(({ key }) => key === "valueOf")?.inputs).toMatchObject([{ asset: "constructor" }]);
});

test("whatever white space and comments stand between the tokens, the assets are the same", async () => {
  const tokens = (files["assets/paid.ts"] ?? "").split(/(?<=[ ,(){}<>])(?=[^"/.]*?)/);
  const gap = fc.constantFrom("", "", "", " ", "\t", "/* comment */", "/** doc */ ");
  using project = createProject(files);
  await using analyzer = await openAnalyzer({ root: project.root, assets });
  const normalize = async () => {
    const { manifest, problems } = await analyzer.analyze();
    return { problems, assets: manifest.assets.map((asset) => ({ ...asset, location: null, doc: "" })) };
  };
  const expected = await normalize();
  await fc.assert(
    fc.asyncProperty(fc.array(gap, { minLength: tokens.length, maxLength: tokens.length }), async (gaps) => {
      project.write({
        "assets/paid.ts": tokens
          .map((token, index) => (token.includes('"') ? token : `${token}${gaps[index] ?? ""}`))
          .join(""),
      });
      expect(await normalize()).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});
