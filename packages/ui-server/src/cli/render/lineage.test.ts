import { buildGraph, findLineage } from "@watersmeet/core/graph";
import type { ManifestAsset } from "@watersmeet/core/manifest";
import type { AssetKey } from "@watersmeet/core/values";
import { expect, test } from "vitest";
import { renderLineage } from "./lineage.ts";
import { plainStyle } from "./style.ts";

function anAsset(key: string, kind: ManifestAsset["kind"], reads: readonly string[]): ManifestAsset {
  return {
    key: key as AssetKey,
    kind,
    file: "assets/a.ts",
    exportPath: [key],
    location: { file: "assets/a.ts", line: 1, column: 1 },
    doc: "",
    inputs: reads.map((asset, index) => ({
      asset: asset as AssetKey,
      position: String(index),
      name: asset,
      mapping: index === 0 ? { kind: "same" } : { kind: "all" },
      isOptional: false,
    })),
    injections: [],
    partitions: null,
    tags: [],
    group: null,
    resource: null,
    codeVersion: "c",
    schemaVersion: "s",
  };
}

const { graph } = buildGraph({
  formatVersion: 1,
  analyzer: "test",
  files: {},
  assets: [
    anAsset("faa", "source", []),
    anAsset("openFlights", "source", []),
    anAsset("airports", "merge", ["faa", "openFlights"]),
    anAsset("flights", "source", []),
    anAsset("delays", "query", ["flights", "airports"]),
    anAsset("scorecard", "asset", ["delays", "airports"]),
  ],
});

test("what an asset is made from and what reads it are trees", async () => {
  const lineage = findLineage(graph, "delays" as AssetKey, { direction: "both", depth: Infinity });
  await expect(renderLineage(lineage, plainStyle)).toMatchFileSnapshot("golden/lineage-both.txt");
});

test("what was drawn once is named again and not unfolded", async () => {
  const lineage = findLineage(graph, "scorecard" as AssetKey, { direction: "up", depth: Infinity });
  await expect(renderLineage(lineage, plainStyle)).toMatchFileSnapshot("golden/lineage-up.txt");
});
