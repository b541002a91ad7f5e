import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeAsset, makeInput, makeManifest, manifests } from "../../test/plan/random-projects.ts";
import type { ManifestAsset } from "../manifest/manifest.ts";
import type { PartitionsSpec } from "../values/partitions/partitions-spec.ts";
import { buildGraph } from "./build-graph.ts";

const daily: PartitionsSpec = { kind: "time", grain: "day", start: "2024-01-01", end: null, timeZone: "UTC" };
const regions: PartitionsSpec = { kind: "listed", keys: ["eu", "us"] };

function problemsOf(...assets: readonly ManifestAsset[]): readonly (readonly [string, string, string | undefined])[] {
  return buildGraph(makeManifest(assets)).problems.map(({ code, message, hint }) => [code, message, hint]);
}

describe("a graph", () => {
  it("is in topological order with ties by key, whatever order the manifest has", () => {
    const assets = [
      makeAsset("d", { inputs: [makeInput("b", 0), makeInput("c", 1)] }),
      makeAsset("c"),
      makeAsset("b", { inputs: [makeInput("z", 0)] }),
      makeAsset("z"),
    ];
    expect(buildGraph(makeManifest(assets)).graph.order).toEqual(["c", "z", "b", "d"]);
    expect(buildGraph(makeManifest([...assets].reverse())).graph.order).toEqual(["c", "z", "b", "d"]);
  });

  it("puts every asset after what it reads", () => {
    fc.assert(
      fc.property(manifests, (manifest) => {
        const { graph, problems } = buildGraph(manifest);
        expect(problems).toEqual([]);
        expect(graph.order).toHaveLength(manifest.assets.length);
        for (const [index, key] of graph.order.entries()) {
          for (const edge of graph.upstream.get(key) ?? []) expect(graph.order.indexOf(edge.from)).toBeLessThan(index);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("keeps the inputs of an asset in their order, and its readers by key", () => {
    const assets = [
      makeAsset("b", { inputs: [makeInput("z", 0), makeInput("a", 1)] }),
      makeAsset("a"),
      makeAsset("z"),
      makeAsset("c", { inputs: [makeInput("a", 0)] }),
    ];
    const { graph } = buildGraph(makeManifest(assets));
    expect(graph.order).toEqual(["a", "c", "z", "b"]);
    expect([...graph.upstream].flatMap(([, edges]) => edges.map((edge) => `${edge.to}<${edge.from}`))).toEqual([
      "c<a",
      "b<z",
      "b<a",
    ]);
    expect([...graph.downstream].flatMap(([, edges]) => edges.map((edge) => `${edge.from}>${edge.to}`))).toEqual([
      "a>b",
      "a>c",
      "z>b",
    ]);
  });
});

describe("problems of a graph", () => {
  it("name the whole circle, and every circle", () => {
    const circle = [
      makeAsset("c", { inputs: [makeInput("a", 0)] }),
      makeAsset("b", { inputs: [makeInput("c", 0)] }),
      makeAsset("a", { inputs: [makeInput("b", 0)] }),
      makeAsset("y", { inputs: [makeInput("z", 0)] }),
      makeAsset("z", { inputs: [makeInput("y", 0)] }),
      makeAsset("hanging", { inputs: [makeInput("a", 0)] }),
    ];
    expect(problemsOf(...circle).map(([code, message]) => [code, message])).toEqual([
      ["GRAPH_CYCLE", "Assets depend on each other in a circle: a -> b -> c -> a"],
      ["GRAPH_CYCLE", "Assets depend on each other in a circle: y -> z -> y"],
    ]);
    expect(buildGraph(makeManifest(circle)).graph.order).toEqual([]);
  });

  it("name an asset that reads itself as an input", () => {
    expect(problemsOf(makeAsset("a", { inputs: [makeInput("a", 0)] }))[0]?.[1]).toContain("a -> a");
  });

  it("name an input that nobody declares, with the nearest key", () => {
    expect(problemsOf(makeAsset("flights"), makeAsset("delays", { inputs: [makeInput("flihgts", 0)] }))).toEqual([
      ["ASSET_UNKNOWN", "delays reads flihgts, which no file of the project declares", "Did you mean flights?"],
    ]);
  });

  it("name both places of a key that is used twice", () => {
    const second = makeAsset("a", { file: "more.ts", location: { file: "more.ts", line: 7, column: 1 } });
    expect(problemsOf(makeAsset("a"), second)[0]?.slice(0, 2)).toEqual([
      "GRAPH_DUPLICATE_KEY",
      "Two assets have the key a: in assets.ts:1 and more.ts:7",
    ]);
  });

  it("name partitions that do not fit together, and both sides of them", () => {
    expect(
      problemsOf(
        makeAsset("sales", { partitions: daily }),
        makeAsset("shops", { partitions: regions, inputs: [makeInput("sales", 0)] }),
      ),
    ).toEqual([
      [
        "MAPPING_INCOMPATIBLE",
        'shops (listed partitions (eu, us)) cannot read sales (daily partitions (UTC)) as "sales": listed partitions (eu, us) and daily partitions (UTC) do not correspond',
        "Partition both alike, or say what is read: In<typeof x, All> or In<typeof x, Latest>",
      ],
    ]);
  });

  it("name an asset that cannot have an earlier partition of its own", () => {
    const self = { kind: "self", position: "0" } as const;
    expect(problemsOf(makeAsset("a", { injections: [self] }))[0]?.[0]).toBe("MAPPING_INCOMPATIBLE");
    expect(problemsOf(makeAsset("a", { partitions: regions, injections: [self] }))[0]?.[0]).toBe(
      "MAPPING_INCOMPATIBLE",
    );
    expect(
      problemsOf(
        makeAsset("a", { partitions: daily, injections: [{ ...self, mapping: { kind: "offset", by: 1 } }] }),
      )[0]?.[0],
    ).toBe("MAPPING_INCOMPATIBLE");
    expect(problemsOf(makeAsset("a", { partitions: daily, injections: [self] }))).toEqual([]);
  });

  it("name partitions that are at fault in themselves", () => {
    expect(problemsOf(makeAsset("a", { partitions: { ...daily, timeZone: "Mars" } }))[0]?.slice(0, 2)).toEqual([
      "PARTITION_INVALID",
      'a: "Mars" is not a time zone',
    ]);
  });
});
