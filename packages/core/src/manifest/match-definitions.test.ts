import { expect, test } from "vitest";
import { z } from "zod";
import { asset } from "../dsl/asset.ts";
import { assets } from "../dsl/assets.ts";
import { source } from "../dsl/source.ts";
import { parseAssetKey } from "../values/asset-key.ts";
import type { Manifest, ManifestAsset } from "./manifest.ts";
import { matchDefinitions } from "./match-definitions.ts";

const schema = z.object({ id: z.number() });
const made = () => asset({ schema }, () => []);

function entry(key: string, exportPath: readonly string[], changes: Partial<ManifestAsset> = {}): ManifestAsset {
  return {
    key: parseAssetKey(key),
    kind: "asset",
    file: "a.ts",
    exportPath,
    location: { file: "a.ts", line: 3, column: 14 },
    doc: "",
    inputs: [],
    injections: [],
    partitions: null,
    tags: [],
    group: null,
    resource: null,
    codeVersion: "",
    schemaVersion: "",
    ...changes,
  };
}

function manifest(...entries: readonly ManifestAsset[]): Manifest {
  return { formatVersion: 1, analyzer: "test", files: {}, assets: entries };
}

test("objects are found by export, default export and group member", () => {
  const plain = made();
  const byDefault = made();
  const regions = assets(["eu", "us"], made);
  const wanted = manifest(
    entry("x", ["x"]),
    entry("y", ["default"]),
    entry("regions.eu", ["regions", "eu"]),
    entry("regions.us", ["regions", "us"]),
  );
  const { matches, problems } = matchDefinitions(
    wanted,
    new Map([["a.ts", { x: plain, default: byDefault, regions }]]),
  );
  expect(problems).toEqual([]);
  expect([...matches]).toEqual([
    ["x", plain],
    ["y", byDefault],
    ["regions.eu", regions.eu],
    ["regions.us", regions.us],
  ]);
});

test("an entry whose export is missing, is no asset, or whose module is not loaded is a problem", () => {
  const wanted = manifest(
    entry("x", ["x"]),
    entry("y", ["y"]),
    entry("z", ["z"], { file: "b.ts" }),
    entry("w", ["toString"]),
  );
  const { matches, problems } = matchDefinitions(wanted, new Map([["a.ts", { y: 3 }]]));
  expect(matches.size).toBe(0);
  expect(problems).toHaveLength(4);
  for (const { code, at } of problems) {
    expect([code, at]).toEqual(["MANIFEST_ENTRY_WITHOUT_OBJECT", { file: "a.ts", line: 3, column: 14 }]);
  }
});

test("an exported asset without an entry is a problem, in a group too", () => {
  const { problems } = matchDefinitions(
    manifest(),
    new Map<string, unknown>([["a.ts", { x: made(), group: { eu: made() }, other: [1], text: "x" }]]),
  );
  expect(problems.map(({ code, message }) => [code, message])).toEqual([
    ["MANIFEST_OBJECT_WITHOUT_ENTRY", 'a.ts exports an asset as "x" that static derivation did not find'],
    ["MANIFEST_OBJECT_WITHOUT_ENTRY", 'a.ts exports an asset as "group.eu" that static derivation did not find'],
  ]);
});

test("the same object exported again by a barrel needs no entry of its own", () => {
  const x = made();
  const modules = new Map<string, unknown>([
    ["a.ts", { x }],
    ["barrel.ts", { x, again: x, all: { x } }],
  ]);
  expect(matchDefinitions(manifest(entry("x", ["x"])), modules).problems).toEqual([]);
});

test("an object of another kind is a problem", () => {
  const x = source({ schema, resource: "shop" }, () => []);
  const { matches, problems } = matchDefinitions(manifest(entry("x", ["x"])), new Map([["a.ts", { x }]]));
  expect(matches.size).toBe(0);
  expect(problems.map(({ code }) => code)).toEqual(["MANIFEST_MISMATCH"]);
});
