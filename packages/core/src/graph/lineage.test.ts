import { describe, expect, it } from "vitest";
import { makeAsset, makeInput, makeManifest } from "../../test/plan/random-projects.ts";
import { parseAssetKey } from "../values/asset-key.ts";
import { buildGraph } from "./build-graph.ts";
import { findLineage, type LineageDirection } from "./lineage.ts";

/** a -> b -> d -> e, a -> c -> d, a -> d: two ways and a short one. */
const { graph } = buildGraph(
  makeManifest([
    makeAsset("a"),
    makeAsset("b", { inputs: [makeInput("a", 0)] }),
    makeAsset("c", { inputs: [makeInput("a", 0)] }),
    makeAsset("d", {
      inputs: [makeInput("c", 0), makeInput("b", 1), makeInput("a", 2, { mapping: { kind: "all" }, isOptional: true })],
    }),
    makeAsset("e", { inputs: [makeInput("d", 0)] }),
  ]),
);

function lineage(
  root: string,
  direction: LineageDirection,
  depth: number,
): { readonly nodes: string; readonly edges: string } {
  const found = findLineage(graph, parseAssetKey(root), { direction, depth });
  expect(found.root).toBe(root);
  return {
    nodes: found.nodes.map((node) => `${node.key}${node.distance}`).join(" "),
    edges: found.edges.map((edge) => `${edge.from}>${edge.to}`).join(" "),
  };
}

describe("lineage", () => {
  it("goes exactly as many hops as asked for, each asset at its shortest distance", () => {
    expect(lineage("e", "up", 0)).toEqual({ nodes: "e0", edges: "" });
    expect(lineage("e", "up", 1)).toEqual({ nodes: "d-1 e0", edges: "d>e" });
    expect(lineage("e", "up", 2)).toEqual({ nodes: "a-2 b-2 c-2 d-1 e0", edges: "c>d b>d a>d d>e" });
    expect(lineage("e", "up", Number.POSITIVE_INFINITY)).toEqual({
      nodes: "a-2 b-2 c-2 d-1 e0",
      edges: "a>b a>c c>d b>d a>d d>e",
    });
  });

  it("goes down, and both ways at once", () => {
    expect(lineage("a", "down", 1)).toEqual({ nodes: "a0 b1 c1 d1", edges: "a>b a>c a>d" });
    expect(lineage("b", "both", 1)).toEqual({ nodes: "a-1 b0 d1", edges: "a>b b>d" });
  });

  it("tells of each edge how it is read", () => {
    const { edges } = findLineage(graph, parseAssetKey("d"), { direction: "up", depth: 1 });
    expect(edges.at(-1)).toEqual({ from: "a", to: "d", name: "a", mapping: { kind: "all" }, isOptional: true });
  });
});
