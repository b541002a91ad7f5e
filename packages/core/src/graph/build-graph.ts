import type { Problem } from "../errors/problem.ts";
import { isWatersmeetError } from "../errors/watersmeet-error.ts";
import type { Manifest, ManifestAsset } from "../manifest/manifest.ts";
import type { AssetKey } from "../values/asset-key.ts";
import { compareStrings } from "../values/compare.ts";
import { describeSpace, findMappingFault } from "../values/partitions/partition-mapping.ts";
import { createPartitionSpace, type PartitionSpace } from "../values/partitions/partition-space.ts";
import { findNearest } from "./find-nearest.ts";
import { listSelfEdges, type Graph, type GraphEdge } from "./graph.ts";
import { findCycles, sortTopologically } from "./sort-topologically.ts";

/**
 * Links a manifest. With problems, the graph holds what could be linked (assets of a cycle, and what depends on them, are left out of it): enough to
 * show, not to run.
 */
export function buildGraph(manifest: Manifest): { readonly graph: Graph; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const all = indexAssets(manifest.assets, problems);
  const spaces = indexSpaces(all, problems);
  const edges = [...all.values()].flatMap((asset) => linkInputs(asset, all, problems));
  for (const edge of edges) if (edge.from !== edge.to) checkMapping({ edge, all, spaces, problems });
  for (const edge of [...all.values()].flatMap(listSelfEdges)) checkMapping({ edge, all, spaces, problems });
  const cycles = findCycles([...all.keys()], edges);
  for (const cycle of cycles) problems.push(describeCycle(cycle, all));
  return { graph: assembleGraph(all, edges), problems };
}

function indexAssets(assets: readonly ManifestAsset[], problems: Problem[]): ReadonlyMap<AssetKey, ManifestAsset> {
  const byKey = new Map<AssetKey, ManifestAsset>();
  for (const asset of [...assets].sort((a, b) => compareStrings(a.key, b.key) || compareStrings(a.file, b.file))) {
    const earlier = byKey.get(asset.key);
    if (earlier === undefined) byKey.set(asset.key, asset);
    else {
      problems.push({
        code: "GRAPH_DUPLICATE_KEY",
        message: `Two assets have the key ${asset.key}: in ${earlier.file}:${earlier.location.line} and ${asset.file}:${asset.location.line}`,
        hint: 'Rename one of the exports, or give one a name of its own: name: "…"',
        at: asset.location,
      });
    }
  }
  return byKey;
}

function indexSpaces(
  all: ReadonlyMap<AssetKey, ManifestAsset>,
  problems: Problem[],
): ReadonlyMap<AssetKey, PartitionSpace> {
  const spaces = new Map<AssetKey, PartitionSpace>();
  for (const asset of all.values()) {
    try {
      // Whether a specification is sound does not depend on the time.
      spaces.set(asset.key, createPartitionSpace(asset.partitions, new Date(0)));
    } catch (error) {
      if (!isWatersmeetError(error)) throw error;
      problems.push({
        code: error.code,
        message: `${asset.key}: ${error.message}`,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
        at: asset.location,
      });
    }
  }
  return spaces;
}

function linkInputs(
  asset: ManifestAsset,
  all: ReadonlyMap<AssetKey, ManifestAsset>,
  problems: Problem[],
): readonly GraphEdge[] {
  const edges: GraphEdge[] = [];
  for (const { asset: from, position, name, mapping, isOptional } of asset.inputs) {
    if (all.has(from)) edges.push({ from, to: asset.key, position, name, mapping, isOptional });
    else {
      const nearest = findNearest(from, [...all.keys()]);
      problems.push({
        code: "ASSET_UNKNOWN",
        message: `${asset.key} reads ${from}, which no file of the project declares`,
        hint: nearest === undefined ? "Declare it, or remove the parameter." : `Did you mean ${nearest}?`,
        at: asset.location,
      });
    }
  }
  return edges;
}

interface MappingCheck {
  readonly edge: GraphEdge;
  readonly all: ReadonlyMap<AssetKey, ManifestAsset>;
  readonly spaces: ReadonlyMap<AssetKey, PartitionSpace>;
  readonly problems: Problem[];
}

function checkMapping({ edge, all, spaces, problems }: MappingCheck): void {
  const upstream = spaces.get(edge.from);
  const downstream = spaces.get(edge.to);
  const asset = all.get(edge.to);
  if (upstream === undefined || downstream === undefined || asset === undefined) return;
  const isSelf = edge.from === edge.to;
  const fault =
    findMappingFault({ mapping: edge.mapping, downstream, upstream }) ?? (isSelf ? findSelfFault(edge) : undefined);
  if (fault === undefined) return;
  problems.push({
    code: "MAPPING_INCOMPATIBLE",
    message: isSelf
      ? `${edge.to} (${describeSpace(downstream)}) cannot read itself: ${fault}`
      : `${edge.to} (${describeSpace(downstream)}) cannot read ${edge.from} (${describeSpace(upstream)}) as "${edge.name}": ${fault}`,
    hint: isSelf
      ? "Self reads an earlier window of the asset's own time: Self<typeof schema> or Self<typeof schema, Offset<-7>>"
      : "Partition both alike, or say what is read: In<typeof x, All> or In<typeof x, Latest>",
    at: asset.location,
  });
}

function findSelfFault({ mapping }: GraphEdge): string | undefined {
  return mapping.kind === "offset" && mapping.by < 0 ? undefined : "that would not be an earlier partition";
}

function describeCycle(cycle: readonly AssetKey[], all: ReadonlyMap<AssetKey, ManifestAsset>): Problem {
  const first = cycle[0];
  const location = first === undefined ? undefined : all.get(first)?.location;
  return {
    code: "GRAPH_CYCLE",
    message: `Assets depend on each other in a circle: ${[...cycle, ...cycle.slice(0, 1)].join(" -> ")}`,
    hint: "Each reads the next. Remove one of the parameters; an asset that needs its own past reads Self<typeof schema>.",
    ...(location === undefined ? {} : { at: location }),
  };
}

function assembleGraph(all: ReadonlyMap<AssetKey, ManifestAsset>, edges: readonly GraphEdge[]): Graph {
  const order = sortTopologically([...all.keys()], edges);
  const assets = new Map<AssetKey, ManifestAsset>();
  const upstream = new Map<AssetKey, GraphEdge[]>();
  const downstream = new Map<AssetKey, GraphEdge[]>();
  for (const key of order) {
    const asset = all.get(key);
    if (asset !== undefined) assets.set(key, asset);
    upstream.set(key, []);
    downstream.set(key, []);
  }
  const linked = [...edges].sort((a, b) => compareStrings(a.to, b.to));
  for (const edge of linked) {
    if (!assets.has(edge.from) || !assets.has(edge.to)) continue;
    upstream.get(edge.to)?.push(edge);
    downstream.get(edge.from)?.push(edge);
  }
  return { order, assets, upstream, downstream };
}
