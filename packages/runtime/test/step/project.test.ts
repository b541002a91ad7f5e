import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createChildPool, type ChildPool } from "../../src/child/child-pool.ts";
import { openProject, type OpenProject } from "../../src/project/open-project.ts";
import { copyShop, type TestProject } from "./shop-project.ts";

let copy: TestProject;
let children: ChildPool;
let project: OpenProject;
const extra = "assets/extra.ts";

beforeAll(async () => {
  copy = await copyShop();
  const { root, stateDirectory } = copy;
  children = createChildPool({ root, size: 1, memoryMb: 128, stepsPerChild: 100, env: process.env });
  const cacheDirectory = join(stateDirectory, "cache");
  project = await openProject({ root, assets: ["assets/**/*.ts"], cacheDirectory, childPool: children });
});

afterAll(async () => {
  await project[Symbol.asyncDispose]();
  await children[Symbol.asyncDispose]();
  await copy[Symbol.asyncDispose]();
});

afterEach(async () => {
  await rm(join(copy.root, extra), { force: true });
});

/** Loads the project with one more file. */
async function loadWith(lines: readonly string[]): Promise<ReturnType<OpenProject["current"]>> {
  await writeFile(join(copy.root, extra), lines.join("\n"));
  return project.reload();
}

const preamble = ['import { asset, daily } from "@watersmeet/core";', 'import { z } from "zod";'];

test("a spec tells what only the loaded object knows", () => {
  const spec = [...project.current().specs.values()].find(({ key }) => key === "customers");
  expect(spec).toMatchObject({
    schema: { columns: [{ name: "id" }, { name: "name" }, { name: "since", type: { kind: "date" } }] },
    execution: { resources: [{ name: "shop", weight: 1 }], maxAttempts: 3 },
    policy: null,
    store: "default",
  });
  expect(spec?.checks.some((check) => check.kind === "uniqueKey")).toBe(true);
});

test("a module that throws while it is imported is a problem at the line that threw", async () => {
  const { problems } = await loadWith([
    ...preamble,
    "export const broken = asset({ schema: z.object({ id: z.int() }) }, () => []);",
    'throw new Error("no database");',
  ]);
  expect(problems).toMatchObject([
    {
      code: "MODULE_LOAD_FAILED",
      message: "assets/extra.ts cannot be imported: no database",
      at: { file: "assets/extra.ts", line: 4 },
    },
  ]);
});

test("an import of a name that is not there is a problem at its line, and is gone when the name is", async () => {
  const asks = 'import { missing } from "../lib/pricing.ts";';
  const use = "export const uses = asset({ schema: z.object({ id: z.int() }) }, () => [{ id: missing }]);";
  const { problems } = await loadWith([...preamble, asks, use]);
  expect(problems.map(({ code, at }) => ({ code, at }))).toMatchObject([
    { code: "MODULE_LOAD_FAILED", at: { file: extra, line: 3 } },
  ]);
  const { problems: none } = await loadWith([...preamble, use.replace("missing", "1")]);
  expect(none).toEqual([]);
});

test("a module that ends the process while it is imported is a problem", async () => {
  const { problems } = await loadWith([
    ...preamble,
    "export const quits = asset({ schema: z.object({ id: z.int() }) }, () => []);",
    "process.exit(4);",
  ]);
  expect(problems).toMatchObject([{ code: "CHILD_DIED", at: { file: extra } }]);
  expect(problems[0]?.message).toMatch(/process\.exit\(4\) was called/);
});

test("a schema that cannot be stored is a problem that names asset, column and place", async () => {
  const { problems } = await loadWith([
    ...preamble,
    "export const odd = asset({ schema: z.object({ id: z.int(), f: z.map(z.string(), z.int()) }) }, () => []);",
  ]);
  expect(problems).toMatchObject([{ code: "SCHEMA_UNSUPPORTED", at: { file: extra, line: 3 } }]);
  expect(problems[0]?.message).toMatch(/^odd: column "f" cannot be stored/);
});

test("a query over an asset of another store is a problem", async () => {
  const { problems } = await loadWith([
    'import { query, type Db, type In } from "@watersmeet/core";',
    'import { z } from "zod";',
    'import type * as shop from "./shop.ts";',
    'export const far = query({ schema: z.object({ id: z.int() }), store: "lake" },',
    '  (c: In<typeof shop.customers>, db: Db) => db.selectFrom(c.as("c")).select("c.id"));',
  ]);
  expect(problems).toMatchObject([{ code: "STORES_DIFFER", at: { file: extra, line: 4 } }]);
});

test("slices by a column that the input has not are a problem, and those by one that it has are none", async () => {
  const asking = (by: string): Promise<ReturnType<OpenProject["current"]>> =>
    loadWith([
      'import { asset, type In } from "@watersmeet/core";',
      'import type { customers } from "./shop.ts";',
      'import { Customer } from "./shop.ts";',
      `export const sliced = asset({ schema: Customer, splittable: { by: ${JSON.stringify(by)} } }, (c: In<typeof customers>) => c.all());`,
    ]);
  const { problems } = await asking("nme");
  expect(problems).toMatchObject([
    {
      code: "ANALYZE_SPLIT_INVALID",
      message: '"sliced" is split by "nme", which is no column of "customers"',
      hint: "The columns are id, name, since",
      at: { file: extra, line: 4 },
    },
  ]);
  expect((await asking("name")).problems).toEqual([]);
});

test("a merge whose key cannot be compared is a problem before anything runs", async () => {
  const { problems } = await loadWith([
    'import { merge, type In } from "@watersmeet/core";',
    'import { z } from "zod";',
    'import type * as shop from "./shop.ts";',
    'export const agreed = merge({ schema: z.object({ price: z.number() }), key: ["price"], policy: "recencyFirst" },',
    "  (a: In<typeof shop.customers>) => ({ a }));",
  ]);
  expect(problems).toMatchObject([{ code: "MERGE_POLICY_INVALID", at: { file: extra, line: 4 } }]);
});

test("terms about branches that a merge does not have are problems before anything runs", async () => {
  const { problems } = await loadWith([
    'import { merge, type In } from "@watersmeet/core";',
    'import { z } from "zod";',
    'import type * as shop from "./shop.ts";',
    "const mayShrink = { a: 0.1, b: 0.2 };",
    'export const agreed = merge({ schema: z.object({ id: z.int() }), key: ["id"], policy: "recencyFirst", wait: { quorum: 2 }, mayShrink },',
    "  (a: In<typeof shop.customers>) => ({ a }));",
  ]);
  const place = { code: "MERGE_POLICY_INVALID", at: { file: extra, line: 5 }, hint: "Its branches are a." };
  expect(problems).toMatchObject([
    { ...place, message: 'mayShrink of agreed names "b", which is none of its branches' },
    { ...place, message: "wait.quorum of agreed is 2, more than its one branch" },
  ]);
});

test("a column that comes back under the id of a dropped one is a problem before anything runs", async () => {
  const { problems } = await loadWith([
    'import { merge, type In } from "@watersmeet/core";',
    'import { z } from "zod";',
    'import type * as shop from "./shop.ts";',
    "const Named = z.object({ id: z.int(), name: z.string().optional() });",
    'const epochs = [{ schema: Named, note: "names go" }, { schema: z.object({ id: z.int() }), note: "and come back" }] as const;',
    "const Renamed = z.object({ id: z.int(), name: z.int().optional() });",
    'export const agreed = merge({ schema: Renamed, key: ["id"], policy: "recencyFirst", epochs },',
    "  (a: In<typeof shop.customers>) => ({ a }));",
  ]);
  expect(problems).toMatchObject([
    { code: "MERGE_EPOCH_CHAIN_BROKEN", message: expect.stringMatching(/^agreed: the field id "name" .* was dropped/) },
  ]);
});

test("the terms of a merge are told as data, its functions by their fingerprints", () => {
  const specs = [...project.current().specs.values()];
  const prices = specs.find(({ key }) => key === "shelfPrices")?.merge;
  expect(prices).toMatchObject({
    late: null,
    fields: [{ id: "sku", isKey: true }, { id: "price" }, { id: "at" }, { id: "note", name: "remark" }],
    epochs: [
      {
        note: "Prices are in euros, and notes are called remarks.",
        isLossy: true,
        fields: [{ name: "sku", isKey: true }, {}, {}, { name: "note" }],
      },
    ],
  });
  expect(prices?.epochs[0]?.upcaster).toMatch(/^[0-9a-f]{64}$/);
  expect(specs.find(({ key }) => key === "tags")?.merge?.reducers).toEqual({
    tags: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(specs.find(({ key }) => key === "movements")).toMatchObject({ emits: "changes", merge: null });
  // Several rows of a key are what it is for.
  expect(specs.find(({ key }) => key === "history")?.checks.some(({ kind }) => kind === "uniqueKey")).toBe(false);
  expect(specs.find(({ key }) => key === "stock")?.checks.some(({ kind }) => kind === "uniqueKey")).toBe(true);
});

test("a function that joins values in an order is refused, with the values that show it", async () => {
  const { problems } = await loadWith([
    'import { custom, merge, type In } from "@watersmeet/core";',
    'import { z } from "zod";',
    'import type * as shop from "./shop.ts";',
    "const Named = z.object({ id: z.int(), name: z.string() });",
    "const columns = { name: custom((a: string, b: string) => `${a}${b}`) };",
    'export const joined = merge({ schema: Named, key: ["id"], policy: "recencyFirst", columns },',
    "  (a: In<typeof shop.customers>) => ({ a }));",
  ]);
  expect(problems).toMatchObject([
    {
      code: "MERGE_POLICY_INVALID",
      message: expect.stringMatching(/^joined: the function of the column "name" is not .*join\(/),
      at: { file: extra, line: 6 },
    },
  ]);
});

test("a function that takes the process down when its laws are tried is a problem", async () => {
  const { problems } = await loadWith([
    'import { custom, merge, type In } from "@watersmeet/core";',
    'import { z } from "zod";',
    'import type * as shop from "./shop.ts";',
    "const columns = { name: custom((): string => process.exit(5)) };",
    'export const gone = merge({ schema: z.object({ id: z.int(), name: z.string() }), key: ["id"], policy: "recencyFirst", columns },',
    "  (a: In<typeof shop.customers>) => ({ a }));",
  ]);
  expect(problems).toMatchObject([{ code: "CHILD_DIED", at: { file: extra } }]);
});

test("a cycle is one problem", async () => {
  const { problems } = await loadWith([
    'import { asset, type In } from "@watersmeet/core";',
    'import { z } from "zod";',
    "const Row = z.object({ id: z.int() });",
    "export const hen = asset({ schema: Row }, (e: In<typeof egg>) => e.all());",
    "export const egg = asset({ schema: Row }, (h: In<typeof hen>) => h.all());",
  ]);
  expect(problems.map(({ code }) => code)).toEqual(["ANALYZE_CYCLE"]);
});

test("the generation follows the sources, and comes back with them", async () => {
  const before = project.current().generation;
  const { generation } = await loadWith([...preamble, "export const three = 3;"]);
  expect(generation).not.toBe(before);
  await rm(join(copy.root, extra));
  expect((await project.reload()).generation).not.toBe(generation);
});

test("calls of reload that come together share a derivation, and the last one sees the last edit", async () => {
  const first = project.reload();
  await writeFile(join(copy.root, extra), "export const late = 1;\n");
  const [, second, third] = await Promise.all([first, project.reload(), project.reload()]);
  expect(second).toBe(third);
  expect(Object.keys(second.manifest.files)).toContain(extra);
});
