import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readPathMappings } from "../../src/analyze/sources/read-path-mappings.ts";
import { resolveModule } from "../../src/analyze/sources/resolve-module.ts";
import { createProject } from "./temporary-project.ts";

const project = createProject({
  "package.json": JSON.stringify({
    imports: { "#lib/*": { types: "./types/*", node: "./lib/*.ts" }, "#exact": "./lib/a.ts", "#package": "zod" },
  }),
  "tsconfig.json": JSON.stringify({ extends: ["./none.json", "./config/base"], compilerOptions: { strict: true } }),
  "config/base.json": JSON.stringify({
    compilerOptions: {
      baseUrl: "..",
      paths: { "~/*": ["missing/*", "lib/*"], "~/deep/*": ["deep/*"], "*": ["vendor/*"] },
    },
  }),
  "lib/a.ts": "",
  "lib/index.ts": "",
  "lib/both.ts": "",
  "lib/both.js": "",
  "lib/view.tsx": "",
  "lib/data.json": "",
  "lib/query.sql": "",
  "lib/declared.d.ts": "",
  "deep/a.ts": "",
  "vendor/local.ts": "",
  "assets/x.ts": "",
});
afterAll(() => project[Symbol.dispose]());

const mappings = readPathMappings(project.root);
const resolve = (specifier: string) => resolveModule(specifier, join(project.root, "assets/x.ts"), mappings);
const file = (path: string) => ({ kind: "file", path: join(project.root, path) });

test.for([
  ["../lib/a.ts", "lib/a.ts"],
  ["../lib/a", "lib/a.ts"],
  ["../lib/a.js", "lib/a.ts"],
  ["../lib/both.js", "lib/both.js"],
  ["../lib/view.jsx", "lib/view.tsx"],
  ["../lib", "lib/index.ts"],
  ["../lib/data.json", "lib/data.json"],
  ["../lib/query.sql", "lib/query.sql"],
  ["../lib/declared.js", "lib/declared.d.ts"],
  ["./x.ts", "assets/x.ts"],
  ["#lib/a", "lib/a.ts"],
  ["#exact", "lib/a.ts"],
  ["~/a", "lib/a.ts"],
  ["~/deep/a.ts", "deep/a.ts"],
  ["local", "vendor/local.ts"],
] as const)("%s is the file %s", ([specifier, path]) => {
  expect(resolve(specifier)).toEqual(file(path));
});

test("names of packages and of Node are packages, by their own name", () => {
  expect(resolve("zod/v4")).toEqual({ kind: "package", name: "zod" });
  expect(resolve("@watersmeet/core/errors")).toEqual({ kind: "package", name: "@watersmeet/core" });
  expect(resolve("node:fs/promises")).toEqual({ kind: "package", name: "node:fs" });
});

test("what is not there is missing, with the files that were tried", () => {
  expect(resolve("./gone.ts")).toEqual({ kind: "missing", tried: [join(project.root, "assets/gone.ts")] });
  expect(resolve("#unknown")).toMatchObject({ kind: "missing" });
});

test("the manifest depends on the files that the mappings come from", () => {
  expect(mappings.files).toEqual([join(project.root, "package.json"), join(project.root, "config/base.json")]);
});
