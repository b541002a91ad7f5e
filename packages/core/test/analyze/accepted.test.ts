import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { analyzeProject } from "../../src/analyze/index.ts";
import { matchDefinitions, readManifest } from "../../src/manifest/index.ts";
import { stableJson } from "../../src/values/stable-json.ts";

const root = join(import.meta.dirname, "fixtures/accepted");
const analysis = await analyzeProject({ root, assets: ["assets/**/*.ts"] });

test("every supported construct is derived without a problem", () => {
  expect(analysis.problems).toEqual([]);
});

test("the manifest of the supported constructs is the golden one", async () => {
  const { assets, files, ...rest } = analysis.manifest;
  const readable = assets.map(({ codeVersion, schemaVersion, ...asset }) => {
    expect([codeVersion, schemaVersion]).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}$/),
      expect.stringMatching(/^[0-9a-f]{64}$/),
    ]);
    return asset;
  });
  const text = `${JSON.stringify({ ...rest, files: Object.keys(files), assets: readable }, null, 2)}\n`;
  await expect(text).toMatchFileSnapshot("golden/accepted.json");
});

test("the supported constructs are correct TypeScript", () => {
  const tsc = join(import.meta.dirname, "../../../../node_modules/.bin/tsc");
  expect(execFileSync(tsc, ["-p", root], { encoding: "utf8" })).toBe("");
});

test("each entry is matched with the object that its module exports", async () => {
  const { manifest } = analysis;
  const paths = [...new Set(manifest.assets.map(({ file }) => file)), "assets/barrel.ts"];
  const load = async (path: string) => [path, await import(pathToFileURL(join(root, path)).href)] as const;
  const { matches, triggers, problems } = matchDefinitions(manifest, new Map(await Promise.all(paths.map(load))));
  expect(problems).toEqual([]);
  expect([...matches.keys()]).toEqual(manifest.assets.map(({ key }) => key));
  expect([...triggers.keys()]).toEqual(["everyNight", "inboxWatch"]);
});

test("a manifest survives being written and read", () => {
  expect(readManifest(stableJson(analysis.manifest))).toEqual({ manifest: analysis.manifest, problems: [] });
});

test("the partitions that were derived are those of the loaded objects", async () => {
  const { manifest } = analysis;
  const path = "assets/partitioned.ts";
  const modules = new Map([[path, await import(pathToFileURL(join(root, path)).href)]]);
  const { matches } = matchDefinitions(
    { ...manifest, assets: manifest.assets.filter(({ file }) => file === path) },
    modules,
  );
  expect(matches.size).toBe(8);
  for (const [key, definition] of matches) {
    expect(definition.partitions).toEqual(manifest.assets.find((asset) => asset.key === key)?.partitions);
  }
});

test("the conditions, schedules and sensors that were derived are those of the loaded objects", async () => {
  const path = "assets/automated.ts";
  const { manifest } = analysis;
  const { matches, triggers } = matchDefinitions(
    manifest,
    new Map([[path, await import(pathToFileURL(join(root, path)).href)]]),
  );
  const automated = manifest.assets.filter(({ automation }) => automation !== undefined);
  expect(automated.map(({ key }) => key)).toEqual(["filled", "kept", "nightlyOnly", "own"]);
  for (const { key, automation } of automated) expect(matches.get(key)?.automation).toEqual(automation);
  for (const trigger of manifest.triggers ?? []) expect(trigger).toMatchObject(pickShared(triggers.get(trigger.name)));
});

/** What both the source and the object say. */
function pickShared(definition: object | undefined): object {
  const {
    name: _name,
    description: _description,
    fn: _fn,
    ...shared
  } = { name: null, description: null, fn: null, ...definition };
  return Object.fromEntries(Object.entries(shared));
}
