import { expect, test } from "vitest";
import { analyzeProject, type PackageVersion } from "../../src/analyze/index.ts";
import type { ManifestAsset } from "../../src/manifest/index.ts";
import { createProject, type ProjectFiles } from "./temporary-project.ts";

const base: ProjectFiles = {
  "assets/raw.ts": `import { source } from "@watersmeet/core";
import { Row } from "../lib/schema.ts";
export const orders = source({ schema: Row, resource: "shop" }, () => []);
`,
  "assets/paid.ts": `import { asset, type Ctx, type In } from "@watersmeet/core";
import { Row } from "../lib/schema.ts";
import { scale } from "../lib/barrel.ts";
import type * as raw from "./raw.ts";

type Line = { amount: number };

function twice(value: number): number {
  return value * 2;
}

/** Paid orders. */
export const paid = asset({ schema: Row, tags: ["money"], timeout: "1m" }, async (orders: In<typeof raw.orders>, ctx: Ctx) => {
  let sum = 0;
  const rows: Line[] = await orders.all();
  for (const row of rows) sum += twice(row?.amount) + scale(row.amount);
  return [{ amount: sum, label: 'paid' }];
});
`,
  "lib/schema.ts": `import { z } from "zod";
const label = z.string();
export const Row = z.object({ amount: z.number(), label });
`,
  "lib/barrel.ts": `export { scale } from "./scale.ts";
export const unused = 1;
`,
  "lib/scale.ts": `import { rate } from "./rate.ts";
export function scale(value: number): number {
  return value * rate;
}
export function other(): number {
  return 1;
}
`,
  "lib/rate.ts": "export const rate = 1.5;\n",
};

async function derive(
  files: ProjectFiles,
  key = "paid",
  packageVersion: PackageVersion = () => null,
): Promise<ManifestAsset> {
  using project = createProject(files);
  const { manifest, problems } = await analyzeProject({
    root: project.root,
    assets: ["assets/**/*.ts"],
    packageVersion,
  });
  expect(problems).toEqual([]);
  const asset = manifest.assets.find((candidate) => candidate.key === key);
  if (asset === undefined) throw new Error(`no asset ${key}`);
  return asset;
}

/** The project with one text of one file replaced. */
function mutate(path: string, from: string, to: string): ProjectFiles {
  const text = base[path];
  if (text === undefined || !text.includes(from)) throw new Error(`${path} has no ${JSON.stringify(from)}`);
  return { ...base, [path]: text.replace(from, () => to) };
}

const before = await derive(base);
const paid = "assets/paid.ts";

test.for([
  ["line breaks and indentation", mutate(paid, "let sum = 0;", "\n\n      let sum   =\n 0;")],
  ["comments", mutate(paid, "let sum = 0;", "// a comment\n let sum = /* zero */ 0; // end")],
  ["the doc comment", mutate(paid, "/** Paid orders. */", "/** Other words. */")],
  ["quotes", mutate(paid, "'paid'", '"paid"')],
  ["semicolons", mutate(paid, "let sum = 0;", "let sum = 0\n")],
  ["trailing commas", mutate(paid, "label: 'paid' }", "label: 'paid', }")],
  ["parentheses", mutate(paid, "twice(row?.amount) +", "(twice((row?.amount))) +")],
  ["the type of a local", mutate(paid, "const rows: Line[] =", "const rows: readonly { amount: number }[] =")],
  ["a cast", mutate(paid, "await orders.all();", "(await orders.all()) as Line[];")],
  [
    "a type of the file",
    mutate(paid, "type Line = { amount: number };", "type Line = { amount: number; more?: string };"),
  ],
  ["the return type of a helper", mutate(paid, "twice(value: number): number", "twice(value: number)")],
  ["tags", mutate(paid, '["money"]', '["money", "new"]')],
  ["the description", mutate(paid, "schema: Row,", 'schema: Row, description: "text",')],
  ["the timeout", mutate(paid, '"1m"', '"2m"')],
  ["a helper that is not reached", mutate("lib/scale.ts", "return 1;", "return 2;")],
  ["an export that nobody uses", mutate("lib/barrel.ts", "unused = 1", "unused = 2")],
  ["the order of declarations", mutate("lib/scale.ts", "export function other(): number {\n  return 1;\n}\n", "")],
  ["exporting a helper", mutate(paid, "function twice", "export function twice")],
  ["another asset's function", mutate("assets/raw.ts", "() => []", "() => [{ amount: 1, label: '' }]")],
  [
    "moving a helper to another file",
    {
      ...mutate("lib/barrel.ts", "./scale.ts", "./moved.ts"),
      "lib/moved.ts": base["lib/scale.ts"] ?? "",
      "lib/scale.ts": "",
    },
  ],
] as const)("the code version stays when this changes: %s", async ([, files]) => {
  expect((await derive(files)).codeVersion).toBe(before.codeVersion);
});

test.for([
  ["a literal in the body", mutate(paid, "let sum = 0", "let sum = 1")],
  ["a statement in the body", mutate(paid, "let sum = 0;", "let sum = 0; sum += 1;")],
  ["a text in the body", mutate(paid, "'paid'", "'unpaid'")],
  ["a local helper", mutate(paid, "value * 2", "value * 3")],
  ["an operator", mutate(paid, "value * 2", "value / 2")],
  ["optional chaining", mutate(paid, "row?.amount", "row.amount")],
  ["an await", mutate(paid, "await orders.all()", "orders.all()")],
  ["let instead of const", mutate(paid, "const rows", "let rows")],
  ["async", mutate(paid, "async (orders", "(orders")],
  ["a helper behind a barrel", mutate("lib/scale.ts", "value * rate", "value + rate")],
  ["a constant that a helper uses", mutate("lib/rate.ts", "1.5", "1.6")],
  ["const to let in a reached module", mutate("lib/rate.ts", "const", "let")],
  ["the name of a local", mutate(paid, "let sum = 0;\n", "let total = 0; let sum = total;\n")],
] as const)("the code version changes with %s", async ([, files]) => {
  expect((await derive(files)).codeVersion).not.toBe(before.codeVersion);
});

test("an asset that the function mentions as a value is an edge, not code", async () => {
  const mentioning = mutate(paid, "let sum = 0;", "let sum = source.orders.kind.length;");
  const files: ProjectFiles = {
    ...mentioning,
    [paid]: `import * as source from "./raw.ts";\n${mentioning[paid] ?? ""}`,
  };
  const edited = { ...files, "assets/raw.ts": (files["assets/raw.ts"] ?? "").replace("() => []", "() => [1]") };
  expect((await derive(edited)).codeVersion).toBe((await derive(files)).codeVersion);
});

test("a local that hides a helper is no use of it", async () => {
  const hidden = mutate(paid, "let sum = 0;", "let sum = 0; const rate = 1; sum = rate;");
  const withRate = (rate: string): ProjectFiles => ({
    ...hidden,
    [paid]: `${hidden[paid] ?? ""}export const rate = ${rate};\n`,
  });
  expect((await derive(withRate("1"))).codeVersion).toBe((await derive(withRate("2"))).codeVersion);
});

test("a module that is passed on as a whole counts as a whole", async () => {
  const whole = mutate(paid, 'import { scale } from "../lib/barrel.ts";', 'import * as lib from "../lib/barrel.ts";');
  const used = { ...whole, [paid]: (whole[paid] ?? "").replace("scale(row.amount)", "Object.keys(lib).length") };
  const edited = { ...used, "lib/barrel.ts": (base["lib/barrel.ts"] ?? "").replace("unused = 1", "unused = 2") };
  expect((await derive(edited)).codeVersion).not.toBe((await derive(used)).codeVersion);
});

test("a module that is loaded inside the function counts", async () => {
  const loading = mutate(paid, "let sum = 0;", 'let sum = (await import("../lib/rate.ts")).rate;');
  const edited = {
    ...loading,
    "lib/rate.ts": "export const rate = 9;\n",
    "lib/scale.ts": "export const scale = (v: number) => v;\n",
  };
  const plain = { ...loading, "lib/scale.ts": "export const scale = (v: number) => v;\n" };
  expect((await derive(edited)).codeVersion).not.toBe((await derive(plain)).codeVersion);
});

test("an imported data file counts", async () => {
  const reading = mutate(
    "lib/rate.ts",
    "export const rate = 1.5;",
    'import data from "./rate.json" with { type: "json" };\nexport const rate = data.rate;',
  );
  const one = await derive({ ...reading, "lib/rate.json": '{"rate":1}' });
  const two = await derive({ ...reading, "lib/rate.json": '{"rate":2}' });
  expect(one.codeVersion).not.toBe(two.codeVersion);
});

const factory = (body: string, call: string): ProjectFiles => ({
  ...base,
  "lib/make.ts": `import { asset } from "@watersmeet/core";
import { Row } from "./schema.ts";
${body}
`,
  "assets/made.ts": `import { make } from "../lib/make.ts";
export const made = ${call};
`,
});

test("the literal arguments of a factory count, and its options do not", async () => {
  const body =
    'export const make = (label: string) => asset({ schema: Row, tags: ["a"] }, () => [{ amount: 1, label }]);';
  const one = await derive(factory(body, 'make("one")'), "made");
  const two = await derive(factory(body, 'make("two")'), "made");
  const tagged = await derive(factory(body.replace('["a"]', '["b"]'), 'make("one")'), "made");
  expect(two.codeVersion).not.toBe(one.codeVersion);
  expect(tagged.codeVersion).toBe(one.codeVersion);
});

test("what a factory computes before it makes the asset counts", async () => {
  const body =
    'export const make = (label: string) => {\n  const text = label + "!";\n  return asset({ schema: Row }, () => [{ amount: 1, label: text }]);\n};';
  const one = await derive(factory(body, 'make("one")'), "made");
  const two = await derive(factory(body.replace('"!"', '"?"'), 'make("one")'), "made");
  expect(two.codeVersion).not.toBe(one.codeVersion);
});

test("a helper that is passed to a factory counts", async () => {
  const body =
    "export const make = (label: () => string) => asset({ schema: Row }, () => [{ amount: 1, label: label() }]);";
  const files = factory(body, "make(name)");
  const withName = (text: string): ProjectFiles => ({
    ...files,
    "assets/made.ts": `${files["assets/made.ts"] ?? ""}function name() { return "${text}"; }\n`,
  });
  expect((await derive(withName("a"), "made")).codeVersion).not.toBe((await derive(withName("b"), "made")).codeVersion);
});

test("members of a group differ by their key", async () => {
  const files = {
    ...base,
    "assets/group.ts": `import { asset, assets } from "@watersmeet/core";
import { Row } from "../lib/schema.ts";
export const group = assets(["a", "b"], (label) => asset({ schema: Row }, () => [{ amount: 1, label }]));
`,
  };
  expect((await derive(files, "group.a")).codeVersion).not.toBe((await derive(files, "group.b")).codeVersion);
});

test("packages count only where their versions are asked for", async () => {
  const files = mutate(
    "lib/rate.ts",
    "export const rate = 1.5;",
    'import { pi } from "numbers";\nexport const rate = pi;',
  );
  const asked: string[] = [];
  const withVersion =
    (version: string): PackageVersion =>
    (name) => {
      asked.push(name);
      return version;
    };
  const one = await derive(files, "paid", withVersion("1.0.0"));
  const two = await derive(files, "paid", withVersion("2.0.0"));
  expect(two.codeVersion).not.toBe(one.codeVersion);
  expect(asked).toContain("numbers");
});

test("the schema version follows the schema and what it reaches, and nothing else", async () => {
  const unchanged = [
    mutate(paid, "let sum = 0", "let sum = 1"),
    mutate(paid, '["money"]', "[]"),
    mutate("lib/schema.ts", "export const", "\n// text\nexport const"),
  ];
  for (const files of unchanged) expect((await derive(files)).schemaVersion).toBe(before.schemaVersion);
  const changed = [
    mutate("lib/schema.ts", "z.number()", "z.int()"),
    mutate("lib/schema.ts", "const label = z.string()", "const label = z.string().min(1)"),
    mutate(paid, "schema: Row,", 'schema: Row, key: ["label"],'),
  ];
  for (const files of changed) {
    const after = await derive(files);
    expect(after.schemaVersion).not.toBe(before.schemaVersion);
    expect(after.codeVersion).toBe(before.codeVersion);
  }
});

test("the schema version of a merge follows its policy", async () => {
  const merged = (options: string): ProjectFiles => ({
    ...base,
    "assets/merged.ts": `import { merge, type In } from "@watersmeet/core";
import { Row } from "../lib/schema.ts";
import type * as raw from "./raw.ts";
export const merged = merge({ schema: Row, key: ["label"], ${options} }, (a: In<typeof raw.orders>) => ({ a }));
`,
  });
  const options =
    'policy: "recencyFirst", columns: { amount: "priorityFirst" }, trust: { a: 1 }, eventTime: "at", tags: ["x"]';
  const versions = [
    options,
    options.replace('policy: "recencyFirst"', 'policy: "priorityFirst"'),
    options.replace('"priorityFirst"', '"recencyFirst"'),
    options.replace("a: 1", "a: 2"),
    options.replace('"at"', '"since"'),
  ];
  const schemaVersions = await Promise.all(
    versions.map(async (text) => (await derive(merged(text), "merged")).schemaVersion),
  );
  expect(new Set(schemaVersions).size).toBe(versions.length);
  expect((await derive(merged(options.replace('"x"', '"y"')), "merged")).schemaVersion).toBe(schemaVersions[0]);
});
