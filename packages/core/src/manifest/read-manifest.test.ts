import { expect, test } from "vitest";
import { readManifest } from "./read-manifest.ts";

const asset = {
  key: "paid",
  kind: "query",
  file: "a.ts",
  exportPath: ["paid"],
  location: { file: "a.ts", line: 1, column: 2 },
  doc: "",
  inputs: [{ asset: "orders", position: "0", name: "orders", mapping: { kind: "last", count: 7 }, isOptional: false }],
  injections: [{ kind: "self", position: "1", mapping: { kind: "offset", by: -1 } }],
  partitions: {
    kind: "product",
    first: { kind: "time", grain: "day", start: "2001-01-01", end: null, timeZone: "UTC" },
    second: { kind: "buckets", count: 4 },
  },
  tags: ["a"],
  group: null,
  resource: "shop",
  codeVersion: "c",
  schemaVersion: "s",
};
const manifest = { formatVersion: 1, analyzer: "test", files: { "a.ts": "00" }, assets: [asset] };

test("a manifest is read from its JSON", () => {
  expect(readManifest(JSON.stringify(manifest))).toEqual({ manifest, problems: [] });
});

test("fields of a later version are let through", () => {
  expect(readManifest(JSON.stringify({ ...manifest, later: 1 })).problems).toEqual([]);
});

test.for([
  ["text that is no JSON", "{", "it is not JSON"],
  ["another format", JSON.stringify({ ...manifest, formatVersion: 2 }), "formatVersion"],
  ["a key that cannot be", JSON.stringify({ ...manifest, assets: [{ ...asset, key: "a b" }] }), "assets.0.key"],
  [
    "a product of products",
    JSON.stringify({
      ...manifest,
      assets: [{ ...asset, partitions: { ...asset.partitions, first: asset.partitions } }],
    }),
    "assets.0.partitions.first",
  ],
] as const)("%s is a problem that says where", ([, json, where]) => {
  const { manifest: read, problems } = readManifest(json);
  expect(read).toBeNull();
  expect(problems).toMatchObject([{ code: "MANIFEST_INVALID", message: expect.stringContaining(where) }]);
});

test("everything that is wrong is reported, not the first", () => {
  const { problems } = readManifest(JSON.stringify({ ...manifest, analyzer: 1, files: [] }));
  expect(problems).toHaveLength(2);
});
