import { mkdir, readdir, readFile, realpath, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAssetKey } from "@watersmeet/core/values";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createChildPool, type ChildPool } from "../../src/child/child-pool.ts";
import { buildDescriptionKey, readDescription, writeDescription } from "../../src/project/description-cache.ts";
import { loadProject } from "../../src/project/load-project.ts";
import type { AssetSpec, Project } from "../../src/project/project.ts";
import { copyShop, type TestProject } from "./shop-project.ts";

let copy: TestProject;

beforeEach(async () => {
  copy = await copyShop();
});

afterEach(async () => {
  await copy[Symbol.asyncDispose]();
});

interface Loaded {
  readonly project: Project;
  /** Whether a child was asked. */
  readonly isDescribed: boolean;
}

/** Loads the project as a new process would: with a pool of its own. */
async function load(env: Readonly<Record<string, string | undefined>> = process.env): Promise<Loaded> {
  const { root } = copy;
  await using children = createChildPool({ root, size: 1, memoryMb: 128, stepsPerChild: 100, env });
  const asked: string[] = [];
  const childPool: ChildPool = {
    env,
    size: 1,
    warm: (count) => children.warm(count),
    perform: (work, options) => {
      asked.push(work.kind);
      return children.perform(work, options);
    },
    [Symbol.asyncDispose]: () => children[Symbol.asyncDispose](),
  };
  const project = await loadProject({ root, assets: ["assets/**/*.ts"], cacheDirectory: cacheOf(copy), childPool });
  return { project, isDescribed: asked.length > 0 };
}

function cacheOf({ stateDirectory }: TestProject): string {
  return join(stateDirectory, "cache");
}

function descriptionsOf(project: TestProject): string {
  return join(cacheOf(project), "descriptions");
}

async function writeExtra(...lines: readonly string[]): Promise<void> {
  const preamble = ['import { asset } from "@watersmeet/core";', 'import { z } from "zod";'];
  await writeFile(join(copy.root, "assets/extra.ts"), [...preamble, ...lines].join("\n"));
}

test("a project that did not change is described without a child, in the same words", async () => {
  const cold = await load();
  const warm = await load();
  expect([cold.isDescribed, warm.isDescribed]).toEqual([true, false]);
  expect(cold.project.specs.size).toBeGreaterThan(0);
  expect(warm.project).toEqual(cold.project);
});

test("an edit leads to a new description, and taking it back to the former one", async () => {
  await load();
  await writeExtra("export const extra = asset({ schema: z.object({ id: z.int() }) }, () => [{ id: 1 }]);");
  const edited = await load();
  expect(edited.isDescribed).toBe(true);
  expect([...edited.project.specs.keys()]).toContain("extra");
  await rm(join(copy.root, "assets/extra.ts"));
  const { project, isDescribed } = await load();
  expect(isDescribed).toBe(false);
  expect([...project.specs.keys()]).not.toContain("extra");
});

test("a description with problems is not kept: its cure may lie outside of the files", async () => {
  await writeExtra(
    "export const extra = asset({ schema: z.object({ id: z.int() }) }, () => []);",
    'if (process.env["LICENCE"] !== undefined) throw new Error("no licence");',
  );
  const env = { ...process.env, LICENCE: "none" };
  for (const _ of [1, 2]) {
    const { project, isDescribed } = await load(env);
    expect(isDescribed).toBe(true);
    expect(project.problems).toMatchObject([{ code: "MODULE_LOAD_FAILED" }]);
  }
  await expect(readdir(descriptionsOf(copy))).rejects.toThrow("ENOENT");
});

test("another environment leads to another key, another shell does not", () => {
  const key = keyOf({ HOME: "/home/ana", SHLVL: "1" });
  expect(keyOf({ SHLVL: "7", PWD: "/elsewhere", HOME: "/home/ana" })).toBe(key);
  expect(keyOf({ HOME: "/home/ana", WAREHOUSE_URL: "elsewhere" })).not.toBe(key);
});

test("another version of an installed package leads to another key", async () => {
  const shelf = join(await ownNodeModules(), "shelf");
  await mkdir(shelf);
  await writeFile(join(copy.root, "package.json"), JSON.stringify({ dependencies: { shelf: "^1.0.0" } }));
  const before = keyOf();
  await writeFile(join(shelf, "package.json"), JSON.stringify({ name: "shelf", version: "1.0.0" }));
  const installed = keyOf();
  expect(installed).not.toBe(before);
  expect(keyOf()).toBe(installed);
  await writeFile(join(shelf, "package.json"), JSON.stringify({ name: "shelf", version: "1.0.1" }));
  expect(keyOf()).not.toBe(installed);
});

test("an edit of a linked package leads to another key, and so does one of a package that it links", async () => {
  const folder = await ownNodeModules();
  const units = await link("units", folder, { imperial: "workspace:*" });
  await mkdir(join(units, "node_modules"));
  const imperial = await link("imperial", join(units, "node_modules"), {});
  await writeFile(join(copy.root, "package.json"), JSON.stringify({ dependencies: { units: "workspace:*" } }));
  const before = keyOf();
  await writeFile(join(units, "index.js"), "export const metre = 1000;\n");
  const edited = keyOf();
  expect(edited).not.toBe(before);
  await writeFile(join(imperial, "index.js"), "export const mile = 1609;\n");
  expect(keyOf()).not.toBe(edited);
});

function keyOf(env: Readonly<Record<string, string>> = {}): string {
  return buildDescriptionKey({ root: copy.root, assets: ["assets/**/*.ts"], generation: "g1", env });
}

/** In the place of the link to this package's own: one that a test may change. */
async function ownNodeModules(): Promise<string> {
  const folder = join(copy.root, "node_modules");
  const shared = await realpath(folder);
  await rm(folder);
  await mkdir(folder);
  for (const name of await readdir(shared)) await symlink(join(shared, name), join(folder, name));
  return folder;
}

async function link(name: string, folder: string, dependencies: Readonly<Record<string, string>>): Promise<string> {
  const directory = join(copy.root, "packages", name);
  await mkdir(directory, { recursive: true });
  await symlink(directory, join(folder, name));
  await writeFile(join(directory, "package.json"), JSON.stringify({ name, version: "1.0.0", dependencies }));
  return directory;
}

const specs: readonly AssetSpec[] = [
  {
    key: parseAssetKey("orders"),
    schema: { columns: [] },
    checks: [],
    hasRowSideChecks: false,
    policy: null,
    execution: { timeoutMs: 1000, maxAttempts: 3, resources: [], stagedBytes: null },
    store: "default",
    emits: "state",
    merge: null,
  },
];

test.each([
  ["torn", (path: string) => truncate(path, 100)],
  ["empty", (path: string) => writeFile(path, "")],
  ["changed", async (path: string) => writeFile(path, (await readFile(path)).fill(0, 90))],
  [
    "of another version",
    async (path: string) => writeFile(path, Buffer.concat([Buffer.from("0"), await readFile(path)])),
  ],
])("a file that is %s counts as none, and is replaced", async (_, spoil) => {
  const directory = cacheOf(copy);
  await writeDescription(directory, "key", specs);
  expect(await readDescription(directory, "key")).toEqual(specs);
  await spoil(join(descriptionsOf(copy), "key"));
  expect(await readDescription(directory, "key")).toBeNull();
  await writeDescription(directory, "key", specs);
  expect(await readDescription(directory, "key")).toEqual(specs);
});

test("the number of descriptions is bounded, and the newest stay", async () => {
  for (let index = 1; index <= 20; index += 1) await writeDescription(cacheOf(copy), `key-${index}`, specs);
  const kept = await readdir(descriptionsOf(copy));
  expect(kept).toHaveLength(16);
  expect(kept).toContain("key-20");
  expect(kept).not.toContain("key-1");
});

test("a folder that cannot be written to keeps nothing, and is no failure", async () => {
  await mkdir(copy.stateDirectory);
  await writeFile(cacheOf(copy), "in the way");
  await writeDescription(cacheOf(copy), "key", specs);
  expect(await readDescription(cacheOf(copy), "key")).toBeNull();
});
