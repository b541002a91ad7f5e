import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { expect, test } from "vitest";
import { analyzeProject, openAnalyzer } from "../../src/analyze/index.ts";
import { matchDefinitions } from "../../src/manifest/index.ts";
import { createProject } from "./temporary-project.ts";

type Wrap = (inner: string, name: string) => string;

/** Ways to write an expression around another. */
const expressions: readonly Wrap[] = [
  (e) => `(${e})`,
  (e) => `${e} as never`,
  (e) => `<never>${e}`,
  (e) => `[${e}]`,
  (e) => `({ a: ${e} })`,
  (e) => `({ a: ${e} }).a`,
  (e) => `[${e}][0]`,
  (e) => `(() => ${e})()`,
  (e) => `(function () { return ${e}; })`,
  (e) => `(flag ? ${e} : null)`,
  (e) => `(flag && ${e})`,
  (e) => `keep(${e})`,
  (e) => `keep?.(${e})`,
  (e) => `new Map([[1, ${e}]])`,
  (e) => `{ ...keep(${e}) }`,
  (e) => `\`\${${e}}\``,
  (e) => `(0, ${e})`,
  (e) => `asset({ schema: S, name: keep(${e}).name }, () => [])`,
  (e) => `assets(["k"], () => ${e})`,
];

/** Statements that hold an expression, each on one line. */
const statements: readonly Wrap[] = [
  (e, n) => `export const ${n} = ${e};`,
  (e, n) => `const ${n} = ${e};`,
  (e, n) => `export let ${n} = ${e};`,
  (e, n) => `const inner_${n} = ${e}; export { inner_${n} as ${n} };`,
  (e, n) => `export const { a: ${n} } = { a: ${e} };`,
  (e, n) => `export const [${n}] = [${e}];`,
  (e) => `keep(${e});`,
  (e) => `if (flag) { keep(${e}); }`,
  (e) => `for (const x of [1]) keep(${e});`,
  (e) => `try { keep(${e}); } catch { keep(1); }`,
  (e, n) => `export function ${n}() { return ${e}; }`,
  (e, n) => `export function ${n}() { if (flag) return ${e}; return null; }`,
  (e, n) => `const make_${n} = () => ${e}; export const ${n} = make_${n}();`,
  (e, n) => `const make_${n} = () => { const made = ${e}; return made; }; export const ${n} = make_${n}();`,
  (e, n) => `export class ${n} { member = ${e}; }`,
  (e, n) => `export class ${n} { static { keep(${e}); } }`,
  (e, n) => `export const ${n} = [1].map(() => ${e});`,
  (e, n) => `export const ${n} = (flag: boolean, made = ${e}) => made;`,
  (e, n) => `export enum ${n} { A = ${e} }`,
  (e, n) => `export namespace ${n} { export const made = ${e}; }`,
];

/** The function under its own name, an alias, a namespace, or passed on. */
const callees = [
  "asset",
  "wm.asset",
  "wm['asset']",
  "alias",
  "asset?.",
  "asset.bind(null)",
  "keep(asset)",
  "Reflect.get(wm, 'asset')",
];

const head = `import { asset, assets, type In } from "@watersmeet/core"; import * as wm from "@watersmeet/core"; import { S } from "../lib/schema.ts"; const alias = asset; const flag = true; const keep = (value: any): any => value;\n`;
const lib = { "lib/schema.ts": 'import { z } from "zod";\nexport const S = z.object({ id: z.number() });\n' };

const shape = fc.record({
  callee: fc.constantFrom(...callees),
  wraps: fc.array(fc.constantFrom(...expressions), { maxLength: 3 }),
  statement: fc.constantFrom(...statements),
});

test("whatever is written around a call that makes an asset, it is an asset or a problem on its line", async () => {
  using project = createProject(lib);
  await using analyzer = await openAnalyzer({ root: project.root, assets: ["assets/*.ts"] });
  await fc.assert(
    fc.asyncProperty(fc.array(shape, { minLength: 1, maxLength: 12 }), async (shapes) => {
      const lines = shapes.map(({ callee, wraps, statement }, index) => {
        const call = `${callee}({ schema: S, name: "made${index}" }, () => [])`;
        return statement(
          wraps.reduce((inner, wrap) => wrap(inner, `n${index}`), call),
          `n${index}`,
        );
      });
      project.write({ "assets/all.ts": head + lines.join("\n") });
      const { manifest, problems } = await analyzer.analyze();
      const reported = new Set(problems.map(({ at }) => at?.line));
      for (const index of lines.keys()) {
        const isDerived = manifest.assets.some(({ key }) => key === `made${index}`);
        expect({ line: lines[index], isKnown: isDerived || reported.has(index + 2) }).toEqual({
          line: lines[index],
          isKnown: true,
        });
      }
    }),
    { numRuns: 60 },
  );
});

test("what is derived without a problem is what the module exports when it runs", async () => {
  const erasable = expressions.filter((wrap) => !wrap("", "").includes("<never>"));
  const calls = ["asset", "wm.asset", "alias"].map(
    (callee) => (name: string) => `${callee}({ schema: S, name: "${name}" }, () => [])`,
  );
  const lines = statements.flatMap((statement) =>
    calls.flatMap((call) =>
      erasable.map((wrap) => (id: number) => statement(wrap(call(`made${id}`), `n${id}`), `n${id}`)),
    ),
  );
  using project = createProject(lib);
  const analyze = async (text: string) => {
    project.write({ "assets/all.ts": text });
    return await analyzeProject({ root: project.root, assets: ["assets/*.ts"] });
  };
  const written = lines.map((line, id) => line(id));
  const { problems } = await analyze(head + written.join("\n"));
  const reported = new Set(problems.map(({ at }) => at?.line));
  const kept = head + written.filter((_, id) => !reported.has(id + 2)).join("\n");
  const { manifest, problems: none } = await analyze(kept);
  expect(none).toEqual([]);
  expect(manifest.assets.length).toBeGreaterThan(30);
  const core = pathToFileURL(join(import.meta.dirname, "../../src/index.ts")).href;
  project.write({
    "run/all.ts": kept.replaceAll("@watersmeet/core", core),
    "lib/schema.ts": lib["lib/schema.ts"].replace("zod", import.meta.resolve("zod")),
  });
  const loaded: unknown = await import(pathToFileURL(join(project.root, "run/all.ts")).href);
  const { matches, problems: mismatches } = matchDefinitions(manifest, new Map([["assets/all.ts", loaded]]));
  expect(mismatches).toEqual([]);
  expect(matches.size).toBe(manifest.assets.length);
});
